"""The end of a batch: announced once, by whoever ends its last job, whatever races with what."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from common.events import JobFailed
from common.ids import new_id
from common.settings.groups import KafkaSettings
from ingest_api.delivery.results import ResultsHandler
from ingest_api.domain.batch import Batch
from ingest_api.domain.caller import ANYBODY
from ingest_api.job_store import JobRecord, OutboxMessage
from ingest_api.job_store.batches import PostgresBatches
from ingest_api.job_store.connecting import Pool
from ingest_api.job_store.new_jobs import NewJob
from ingest_api.job_store.outbox import PostgresOutbox
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.batches import BatchCancellation, BatchRepair
from ingest_api.life_cycle.cancelling import Cancellation, JobEndedError
from ingest_api.life_cycle.ending import end_job
from ingest_api.life_cycle.messages import Messages
from tests.factories.jobs import NOON, a_job, a_policy, a_record
from tests.integration.test_results import records_of, success_of

TOPICS = KafkaSettings()
MESSAGES = Messages(TOPICS)


async def a_batch(pool: Pool, jobs: PostgresJobStore, count: int) -> tuple[Batch, list[JobRecord]]:
    """Return a batch of so many jobs that is in the store."""
    batch = Batch(id=new_id(), owner="anybody", total=count, tags={"a": "b"}, created_at=NOON)
    records = [a_record(job=a_job(id=new_id()), batch_id=batch.id) for _ in range(count)]
    await jobs.add_originals([record.original for record in records])
    new = [NewJob(record, MESSAGES.job_requested(record, at=NOON)) for record in records]
    await PostgresBatches(pool).add(batch, new)
    return batch, records


async def announced(outbox: PostgresOutbox) -> list[dict[str, Any]]:
    """Return the ends of batches that are in the outbox."""
    async with outbox.claim(10_000) as claimed:
        return [
            json.loads(message.value or b"")
            for message in claimed.messages.values()
            if message.headers["ce_type"] == "io.icecube.batch.completed.v1"
        ]


def a_handler(jobs: PostgresJobStore) -> ResultsHandler:
    """Return what applies results."""
    return ResultsHandler(jobs, MESSAGES, a_policy(), lambda: NOON)


def a_failure_of(record: JobRecord) -> JobFailed:
    """Return a final failure."""
    return JobFailed(job_id=record.job.id, attempt=1, code="c", reason="It broke.", retryable=False)


async def test_the_last_end_announces_the_batch(pool: Pool, jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """Not the first; the event counts the jobs by how they ended, and is keyed by the batch."""
    batch, (one, other, third) = await a_batch(pool, jobs, 3)

    await a_handler(jobs).handle(records_of(success_of(one)))
    assert await announced(outbox) == []
    await Cancellation(jobs, MESSAGES, lambda: NOON).cancel(other.job.id)
    assert await announced(outbox) == []
    await a_handler(jobs).handle(records_of(a_failure_of(third), a_failure_of(third), success_of(one)))

    assert await announced(outbox) == [
        {
            "batchId": str(batch.id),
            "total": 3,
            "counts": {"completed": 1, "cancelled": 1, "failed": 1},
            "tags": {"a": "b"},
            "timestamp": "2026-06-01T12:00:00Z",
        }
    ]


async def test_all_ends_in_one_transaction_announce_it_too(
    pool: Pool, jobs: PostgresJobStore, outbox: PostgresOutbox
) -> None:
    """Two batches that end together are announced each once."""
    (first, ones), (second, others) = [await a_batch(pool, jobs, 5) for _ in range(2)]

    await a_handler(jobs).handle(records_of(*(success_of(record) for record in (*ones, *others))))

    told = await announced(outbox)
    assert sorted(event["batchId"] for event in told) == sorted([str(first.id), str(second.id)])
    assert [event["counts"] for event in told] == [{"completed": 5}] * 2


async def test_the_two_last_jobs_end_at_once(pool: Pool, jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """Each transaction holds its job before either counts: by counting jobs neither would see the other's end."""
    _, records = await a_batch(pool, jobs, 2)
    locked = asyncio.Barrier(2)

    async def end(record: JobRecord) -> None:
        async with jobs.changing([record.job.id]) as changes:
            found = changes.records[record.job.id]
            end_job(changes, found, found.job.succeeded(at=NOON), at=NOON, messages=MESSAGES)
            await locked.wait()

    await asyncio.gather(*(end(record) for record in records))

    (event,) = await announced(outbox)
    assert event["counts"] == {"completed": 2}


@pytest.mark.parametrize("attempt", range(3))
async def test_many_that_end_at_once_announce_once(
    pool: Pool, jobs: PostgresJobStore, outbox: PostgresOutbox, attempt: int
) -> None:
    """Jobs of two batches, in the opposite order: nobody deadlocks, and each batch ends once."""
    (_, ones), (_, others) = [await a_batch(pool, jobs, 8) for _ in range(2)]
    pairs = list(zip(ones, reversed(others), strict=True))
    if attempt % 2:
        pairs = [(other, one) for one, other in pairs]
    handler = a_handler(jobs)

    await asyncio.gather(*(handler.handle(records_of(*(success_of(record) for record in pair))) for pair in pairs))

    assert [event["counts"] for event in await announced(outbox)] == [{"completed": 8}] * 2


async def test_a_cancellation_and_the_ends_at_once(pool: Pool, jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """Whoever comes first ends each job; every job ends once, and so does the batch."""
    batch, records = await a_batch(pool, jobs, 20)
    cancellation = BatchCancellation(jobs, PostgresBatches(pool), MESSAGES, lambda: NOON)
    handler = a_handler(jobs)

    await asyncio.gather(
        cancellation.cancel(batch, caller=ANYBODY),
        *(handler.handle(records_of(success_of(record))) for record in records),
    )

    (event,) = await announced(outbox)
    assert sum(event["counts"].values()) == 20
    assert set(event["counts"]) <= {"completed", "cancelled"}
    found = await PostgresBatches(pool).find(batch.id)
    assert found
    assert found.ended_at == NOON
    assert found.counts == event["counts"]


async def test_a_job_that_is_cancelled_twice_is_counted_once(
    pool: Pool, jobs: PostgresJobStore, outbox: PostgresOutbox
) -> None:
    """The second is refused, and changes no counter."""
    _, (one, other) = await a_batch(pool, jobs, 2)
    cancellation = Cancellation(jobs, MESSAGES, lambda: NOON)

    await cancellation.cancel(one.job.id)
    with pytest.raises(JobEndedError):
        await cancellation.cancel(one.job.id)

    assert await announced(outbox) == []
    await cancellation.cancel(other.job.id)
    assert len(await announced(outbox)) == 1


async def test_a_transaction_that_fails_counts_nothing(
    pool: Pool, jobs: PostgresJobStore, outbox: PostgresOutbox
) -> None:
    """Counter and job change together: after the repetition the batch has ended once."""
    _, (record,) = await a_batch(pool, jobs, 1)

    async def fail() -> None:
        async with jobs.changing([record.job.id]) as changes:
            found = changes.records[record.job.id]
            end_job(changes, found, found.job.succeeded(at=NOON), at=NOON, messages=MESSAGES)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    await a_handler(jobs).handle(records_of(success_of(record)))

    assert len(await announced(outbox)) == 1


async def test_what_the_release_before_ended_is_repaired(
    pool: Pool, jobs: PostgresJobStore, outbox: PostgresOutbox
) -> None:
    """It counts nothing: when no job is unfinished any more, one of several processes announces the batch."""
    _, records = await a_batch(pool, jobs, 2)
    repair = BatchRepair(PostgresBatches(pool), MESSAGES, lambda: NOON, lambda: None)
    await _end_as_the_release_before(pool, records[0].job.id)
    assert await repair.repair() == 0
    await a_handler(jobs).handle(records_of(success_of(records[1])))
    assert await announced(outbox) == []

    repaired = await asyncio.gather(*(repair.repair() for _ in range(3)))

    assert sum(repaired) == 1
    (event,) = await announced(outbox)
    assert event["counts"] == {"completed": 1, "failed": 1}
    assert await repair.repair() == 0


async def _end_as_the_release_before(pool: Pool, job_id: UUID) -> None:
    async with pool.acquire() as connection:
        await connection.execute(
            "UPDATE jobs SET state = 'failed', code = 'c', reason = 'r', ended_at = now() WHERE id = $1", job_id
        )


async def test_a_batch_keeps_no_message_of_a_job_whose_original_is_gone(
    pool: Pool, jobs: PostgresJobStore, outbox: PostgresOutbox
) -> None:
    """All or nothing, also when an original goes between the look and the commit."""
    good, gone = a_record(), a_record()
    await jobs.add_originals([good.original])
    batch = Batch(id=new_id(), owner="anybody", total=2, created_at=NOON)
    message = OutboxMessage(topic="t", key=b"k", value=b"v", headers={})

    with pytest.raises(Exception, match="no image"):
        await PostgresBatches(pool).add(batch, [NewJob(good, message), NewJob(gone, message)])

    assert await PostgresBatches(pool).find(batch.id) is None
    assert await jobs.find_job(good.job.id) is None
    async with outbox.claim(10) as claimed:
        assert claimed.messages == {}
