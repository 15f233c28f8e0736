"""Cancellations and results at once: PostgreSQL decides who comes first, and the other sees it."""

import asyncio
import json
from collections import Counter
from uuid import UUID

import pytest

from common.events import JobSucceeded, encode
from common.settings.groups import KafkaSettings
from ingest_api.delivery.results import ResultsHandler
from ingest_api.domain.job import JobState
from ingest_api.job_store import JobRecord
from ingest_api.job_store.outbox import PostgresOutbox
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.cancelling import Cancellation, JobEndedError
from ingest_api.life_cycle.messages import Messages
from tests.doubles.kafka import Record
from tests.factories.jobs import NOON, a_policy, a_record, the_variants_of
from tests.integration.test_results import taken

MESSAGES = Messages(KafkaSettings())


@pytest.fixture
def handler(jobs: PostgresJobStore) -> ResultsHandler:
    """Return what applies results."""
    return ResultsHandler(jobs, MESSAGES, a_policy(), lambda: NOON)


@pytest.fixture
def cancellation(jobs: PostgresJobStore) -> Cancellation:
    """Return what cancels."""
    return Cancellation(jobs, MESSAGES, lambda: NOON)


async def stored(jobs: PostgresJobStore) -> JobRecord:
    """Return a job whose request is in the outbox."""
    record = a_record()
    await jobs.add_originals([record.original])
    await jobs.add_job(record, MESSAGES.job_requested(record, at=NOON))
    return record


def success_of(record: JobRecord) -> Record:
    """Return the report of success."""
    made = the_variants_of(record.tasks)
    return Record(encode(JobSucceeded(job_id=record.job.id, attempt=1, variants=made, engine="e")))


async def told(outbox: PostgresOutbox, job_id: UUID) -> list[str]:
    """Return the statuses of a job's notifications."""
    sent = [json.loads(message.value or b"") for message in await taken(outbox) if message.topic == "image-jobs"]
    return [one["status"] for one in sent if one["jobId"] == str(job_id)]


async def test_a_result_after_a_cancellation_changes_nothing(
    handler: ResultsHandler, cancellation: Cancellation, jobs: PostgresJobStore, outbox: PostgresOutbox
) -> None:
    """No row, no offer, no second notification: a late result is as if it had not come."""
    record = await stored(jobs)
    await cancellation.cancel(record.job.id)

    await handler.handle([success_of(record)])

    found = await jobs.find_job(record.job.id)
    assert found is not None
    assert (found.job.state, found.job.ended_at, found.job.sequence) == (JobState.CANCELLED, NOON, 1)
    assert await jobs.find_image(record.tasks[0].variant_id) is None
    assert await told(outbox, record.job.id) == ["cancelled"]


async def test_a_cancellation_after_a_result_is_refused(
    handler: ResultsHandler, cancellation: Cancellation, jobs: PostgresJobStore, outbox: PostgresOutbox
) -> None:
    """The job is completed, and stays so."""
    record = await stored(jobs)
    await handler.handle([success_of(record)])

    with pytest.raises(JobEndedError, match="it is completed"):
        await cancellation.cancel(record.job.id)

    assert await told(outbox, record.job.id) == ["completed"]


@pytest.mark.parametrize("_", range(5))
async def test_of_many_ends_at_once_one_wins(
    handler: ResultsHandler, cancellation: Cancellation, jobs: PostgresJobStore, outbox: PostgresOutbox, _: int
) -> None:
    """However cancellations and results interleave, a job ends once, is announced once, and as what it is."""
    records = [await stored(jobs) for _ in range(8)]
    for record in records[::2]:  # so that each comes first for some
        await asyncio.gather(
            handler.handle([success_of(record)]),
            *(cancellation.cancel(record.job.id) for _ in range(2)),
            return_exceptions=True,
        )
    for record in records[1::2]:
        await asyncio.gather(
            *(cancellation.cancel(record.job.id) for _ in range(2)),
            handler.handle([success_of(record)]),
            return_exceptions=True,
        )

    notifications = [json.loads(m.value or b"") for m in await taken(outbox) if m.topic == "image-jobs"]
    assert Counter(one["jobId"] for one in notifications) == {str(record.job.id): 1 for record in records}
    for one in notifications:
        found = await jobs.find_job(UUID(one["jobId"]))
        assert found is not None
        assert found.job.state == one["status"]
        has_row = await jobs.find_image(found.tasks[0].variant_id) is not None
        assert has_row == (found.job.state is JobState.COMPLETED)


async def test_a_result_waits_for_a_cancellation_under_way(handler: ResultsHandler, jobs: PostgresJobStore) -> None:
    """A transaction that is cancelling holds the job: the result is applied to what that transaction commits."""
    record = await stored(jobs)
    holding, release = asyncio.Event(), asyncio.Event()

    async def cancel_slowly() -> None:
        async with jobs.changing([record.job.id]) as changes:
            holding.set()
            await release.wait()
            changes.save(changes.records[record.job.id].job.cancelled(at=NOON))

    cancelling = asyncio.create_task(cancel_slowly())
    await holding.wait()
    applying = asyncio.create_task(handler.handle([success_of(record)]))
    done, _ = await asyncio.wait({applying}, timeout=0.3)
    assert not done
    release.set()
    await asyncio.gather(cancelling, applying)

    found = await jobs.find_job(record.job.id)
    assert found is not None
    assert found.job.state is JobState.CANCELLED
    assert await jobs.find_image(record.tasks[0].variant_id) is None
