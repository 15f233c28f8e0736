"""The rules of a job store."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from common.ids import new_id
from ingest_api.domain.job import Job, JobState
from ingest_api.job_store import (
    Backlog,
    ImageUnknownError,
    JobRecord,
    JobStoreUnavailableError,
    OutboxMessage,
    Publication,
    ValueRefusedError,
)
from ingest_api.job_store.connecting import Pool
from ingest_api.job_store.outbox import PostgresOutbox
from ingest_api.job_store.postgres import PostgresJobStore
from tests.factories.jobs import NOON, a_job, a_policy, a_record, a_reusable_variant, a_task, an_image


def a_message(**changes: object) -> OutboxMessage:
    """Return a message that is due."""
    message = OutboxMessage(topic="t", key=b"k", value=b"v", headers={"h": "1"}, due_at=NOON)
    return replace(message, **changes)  # type: ignore[arg-type] # the caller knows the fields


async def stored(jobs: PostgresJobStore, **changes: object) -> JobRecord:
    """Return a job that is in the store, its request in the outbox."""
    record = a_record(**changes)
    await jobs.add_originals([record.original])
    await jobs.add_job(record, a_message(request_of=record.job.id))
    return record


async def published(jobs: PostgresJobStore, outbox: PostgresOutbox, topic: str | None = None) -> JobRecord:
    """Return a job that is in the store and whose request was sent."""
    record = await stored(jobs)
    async with outbox.claim(10) as claimed:
        for position, message in claimed.messages.items():
            place = Publication(job_id=record.job.id, topic=topic, partition=3, offset=57)
            claimed.mark_sent(position, place if message.request_of else None)
    return record


async def test_what_is_stored_is_found(jobs: PostgresJobStore) -> None:
    """A job is read back as it was written, with its original and its tasks."""
    record = await stored(jobs)

    assert await jobs.find_job(record.job.id) == record
    assert await jobs.find_image(record.original.id) == record.original


async def test_what_is_not_stored_is_not_found(jobs: PostgresJobStore) -> None:
    """Unknown ids give None."""
    assert await jobs.find_job(new_id()) is None
    assert await jobs.find_image(new_id()) is None


async def test_a_job_needs_its_original(jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """A job for an unknown image is refused, and so is its event."""
    record = a_record()

    with pytest.raises(ImageUnknownError):
        await jobs.add_job(record, a_message())

    async with outbox.claim(10) as claimed:
        assert claimed.messages == {}


async def test_jobs_that_come_at_once_stand_each_for_itself(jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """Of jobs that share a statement, one that is refused, or of an unknown image, takes no other along."""
    good, unknown, refused = [a_record() for _ in range(20)], a_record(), a_record()
    await jobs.add_originals([record.original for record in [*good, refused]])
    messages = [a_message(key=record.job.id.bytes) for record in good]
    unholdable = a_message(topic="a text with\0 in it")

    outcomes = await asyncio.gather(
        *map(jobs.add_job, good, messages),
        jobs.add_job(unknown, a_message()),
        jobs.add_job(refused, unholdable),
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes] == [type(None)] * 20 + [ImageUnknownError, ValueRefusedError]
    assert [await jobs.find_job(record.job.id) for record in good] == good
    assert [await jobs.find_job(record.job.id) for record in (unknown, refused)] == [None, None]
    async with outbox.claim(100) as claimed:
        sent = {(message.key, message.request_of) for message in claimed.messages.values()}
        assert sent == {(record.job.id.bytes, record.job.id) for record in good}


async def test_changes_are_written_together_or_not_at_all(jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """An exception in the block leaves state, images and outbox as they were."""
    record = await published(jobs, outbox)
    variant = an_image(original_id=record.original.id)

    with suppress(ZeroDivisionError):
        async with jobs.changing([record.job.id]) as changes:
            changes.save(record.job.succeeded(at=NOON))
            changes.add_images([variant])
            changes.publish(a_message())
            raise ZeroDivisionError

    found = await jobs.find_job(record.job.id)
    assert found is not None
    assert found.job.state is JobState.PENDING
    assert await jobs.find_image(variant.id) is None
    async with outbox.claim(10) as claimed:
        assert claimed.messages == {}


async def test_every_field_of_a_changed_job_is_kept(jobs: PostgresJobStore) -> None:
    """What is saved is what is found."""
    record = await stored(jobs)
    job = replace(
        record.job, attempt=2, starts=3, counted_starts=(new_id(), new_id()), due_at=NOON + timedelta(seconds=4)
    )

    async with jobs.changing([job.id]) as changes:
        changes.save(job)

    found = await jobs.find_job(job.id)
    assert found is not None
    assert found.job == job


async def test_a_withdrawn_message_is_not_sent(jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """What goes in its place is committed with it, or neither; again is harmless."""
    await stored(jobs)
    async with outbox.claim(10) as claimed:
        (position,) = claimed.messages

    for failure in (ZeroDivisionError, None, None):
        with suppress(ZeroDivisionError):
            async with jobs.changing(()) as changes:
                changes.withdraw(position)
                changes.publish(a_message(topic="instead"))
                if failure:
                    raise failure

    async with outbox.claim(10) as claimed:
        assert [message.topic for message in claimed.messages.values()] == ["instead", "instead"]


async def test_two_changes_of_a_job_wait_for_each_other(jobs: PostgresJobStore) -> None:
    """Of two workers that save the same step, the second sees what the first wrote."""
    record = await stored(jobs)
    seen: list[Job] = []

    async def complete() -> None:
        async with jobs.changing([record.job.id]) as changes:
            job = changes.records[record.job.id].job
            seen.append(job)
            changes.save(job.succeeded(at=NOON))

    await asyncio.gather(*(complete() for _ in range(4)))

    assert [job.state for job in seen] == [JobState.PENDING] + [JobState.COMPLETED] * 3


async def test_callers_that_lock_the_same_jobs_in_any_order_do_not_deadlock(jobs: PostgresJobStore) -> None:
    """Jobs are locked in one order, whatever order they are named in."""
    ids = [(await stored(jobs)).job.id for _ in range(8)]

    async def touch(reverse: int) -> None:
        async with jobs.changing(sorted(ids, reverse=bool(reverse))) as changes:
            for record in changes.records.values():
                changes.save(replace(record.job, starts=record.job.starts + 1))

    await asyncio.gather(*(touch(number % 2) for number in range(10)))

    found = [await jobs.find_job(job_id) for job_id in ids]
    assert [record.job.starts for record in found if record] == [10] * 8


async def test_nothing_leaves_a_terminal_state(jobs: PostgresJobStore) -> None:
    """The SQL repeats the rule: even a writer that ignores the table cannot reopen a job."""
    record = await stored(jobs)
    async with jobs.changing([record.job.id]) as changes:
        changes.save(record.job.succeeded(at=NOON))

    async with jobs.changing([record.job.id]) as changes:
        changes.save(record.job)

    found = await jobs.find_job(record.job.id)
    assert found is not None
    assert found.job.state is JobState.COMPLETED


async def test_the_same_variant_may_be_added_twice(jobs: PostgresJobStore) -> None:
    """A second result adds nothing and harms nothing."""
    original = an_image()
    variant = an_image(original_id=original.id, byte_size=1)
    await jobs.add_originals([original])

    for size in (1, 2):
        async with jobs.changing([]) as changes:
            changes.add_images([replace(variant, byte_size=size)])

    assert await jobs.find_image(variant.id) == variant


async def test_claimed_messages_are_nobody_else_s(jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """Two relays never hold the same message."""
    await stored(jobs)

    async with outbox.claim(10) as first, outbox.claim(10) as second:
        assert len(first.messages) == 1
        assert second.messages == {}


async def test_a_message_stays_until_it_is_sent(jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """What is not marked as sent is claimed again, unchanged; what is, is forgotten."""
    record = await stored(jobs)

    async with outbox.claim(10) as claimed:
        first = dict(claimed.messages)
    async with outbox.claim(10) as claimed:
        assert claimed.messages == first
        claimed.mark_sent(next(iter(first)), None)
    async with outbox.claim(10) as claimed:
        assert claimed.messages == {}

    assert list(first.values()) == [a_message(request_of=record.job.id)]


async def test_a_message_waits_until_it_is_due(jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """PostgreSQL is the delay queue."""
    tomorrow = await _now(jobs) + timedelta(days=1)
    async with jobs.changing([]) as changes:
        changes.publish(a_message(due_at=tomorrow))

    async with outbox.claim(10) as claimed:
        assert claimed.messages == {}


async def test_a_message_of_nulls_survives(jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """A stranger's tombstone without a key can be put aside too."""
    async with jobs.changing([]) as changes:
        changes.publish(a_message(key=None, value=None))

    async with outbox.claim(10) as claimed:
        assert list(claimed.messages.values()) == [a_message(key=None, value=None)]


async def test_a_sent_request_s_place_is_remembered(jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """The reconciler finds where an unanswered job's request stands."""
    record = await published(jobs, outbox)
    later = await _now(jobs) + timedelta(seconds=1)

    place = Publication(job_id=record.job.id, partition=3, offset=57)
    assert await jobs.list_unanswered(published_before=later, limit=10) == [place]
    assert await jobs.list_unanswered(published_before=NOON, limit=10) == []


async def test_a_place_keeps_its_topic_until_the_job_is_asked_for_again(
    jobs: PostgresJobStore, outbox: PostgresOutbox, pool: Pool
) -> None:
    """Whoever asks again, this release or the one before, which knows no topics."""
    record = await published(jobs, outbox, topic="bulk")
    found = await jobs.find_job(record.job.id)
    assert found
    assert found.publication
    assert found.publication.topic == "bulk"

    async with pool.acquire() as connection:
        await connection.execute("UPDATE jobs SET published_at = NULL")
        await connection.execute("UPDATE jobs SET published_partition = 1, published_offset = 2, published_at = now()")

    found = await jobs.find_job(record.job.id)
    assert found
    assert found.publication == Publication(job_id=record.job.id, partition=1, offset=2)


async def test_a_job_asked_for_again_counts_as_unpublished(jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """A request in the outbox is not lost, so it is not asked for a third time."""
    record = await published(jobs, outbox)
    later = await _now(jobs) + timedelta(seconds=1)

    async with jobs.changing([record.job.id]) as changes:
        changes.publish(a_message(request_of=record.job.id))

    assert await jobs.list_unanswered(published_before=later, limit=10) == []


async def test_an_ended_job_is_not_unanswered(jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """Only unfinished jobs can be lost."""
    record = await published(jobs, outbox)
    later = await _now(jobs) + timedelta(seconds=1)

    async with jobs.changing([record.job.id]) as changes:
        changes.save(record.job.succeeded(at=NOON))

    assert await jobs.list_unanswered(published_before=later, limit=10) == []


async def test_an_empty_store_has_no_backlog(jobs: PostgresJobStore) -> None:
    """Where nothing waits, nothing is old."""
    assert await jobs.backlog() == Backlog()


async def test_the_backlog_is_what_is_unfinished_and_what_is_due(jobs: PostgresJobStore) -> None:
    """Jobs that have ended do not count, nor do messages before they are due; ages are those of the oldest."""
    now = await _now(jobs)
    waiting, taken, ended = [await stored(jobs, created_at=now - timedelta(hours=hours)) for hours in (1, 2, 3)]
    async with jobs.changing([taken.job.id, ended.job.id]) as changes:
        changes.save(taken.job.started(attempt=1, start_id=None, policy=a_policy(), at=now))
        changes.save(ended.job.succeeded(at=now))
        changes.publish(a_message(due_at=now + timedelta(days=1), request_of=waiting.job.id))
        changes.publish(a_message(due_at=now - timedelta(hours=4)))

    backlog = await jobs.backlog()

    assert (backlog.pending, backlog.processing, backlog.outbox_depth) == (1, 1, 4)
    assert backlog.oldest_unfinished_seconds == pytest.approx(7200, abs=60)
    assert backlog.outbox_age_seconds == pytest.approx((now - NOON).total_seconds(), abs=60)


async def test_a_database_that_is_away_is_told_as_such(jobs: PostgresJobStore, pool: Pool) -> None:
    """Callers see one error of ours, whatever the driver says."""
    await pool.close()

    with pytest.raises(JobStoreUnavailableError):
        await jobs.check()
    with pytest.raises(JobStoreUnavailableError):
        await jobs.find_job(a_job().id)


async def _now(jobs: PostgresJobStore):  # type: ignore[no-untyped-def] # noqa: ANN202 - one line of plumbing
    async with jobs._pool.acquire() as connection:  # noqa: SLF001 - the database's own clock decides what is due
        return await connection.fetchval("SELECT now()")


async def test_what_was_made_is_offered_again(jobs: PostgresJobStore) -> None:
    """Of the same work the newest variant is found; of other work nothing."""
    older, newer, work = a_reusable_variant(), a_reusable_variant(frames=2, original_frames=2), b"w" * 32

    for variant in (older, newer):
        async with jobs.changing(()) as changes:
            changes.remember_variant(work, variant)

    assert await jobs.find_reusable([work, b"other"]) == {work: newer}


async def test_a_task_is_read_back_with_what_it_may_copy(jobs: PostgresJobStore) -> None:
    """Another attempt at a job is offered the same as the first."""
    record = await stored(jobs, tasks=(a_task().model_copy(update={"reusable": a_reusable_variant()}),))

    assert await jobs.find_job(record.job.id) == record


async def test_the_hash_of_an_original_is_kept(jobs: PostgresJobStore) -> None:
    """What was taken while an upload streamed is there whenever a job is asked for or ends."""
    original = an_image(sha256=b"h" * 32)
    record = await stored(jobs, original=original)

    assert await jobs.find_image(original.id) == original
    assert await jobs.find_job(record.job.id) == record


async def test_an_image_is_asked_for_once(jobs: PostgresJobStore, pool: Pool) -> None:
    """What is known of an image never changes: who has found it finds it again without the database."""
    original = an_image()
    await jobs.add_originals([original])
    await jobs.find_image(original.id)

    await pool.close()

    assert await jobs.find_image(original.id) == original


async def test_an_image_that_comes_later_is_found(jobs: PostgresJobStore) -> None:
    """That there was none is not remembered."""
    original = an_image()
    assert await jobs.find_image(original.id) is None

    await jobs.add_originals([original])

    assert await jobs.find_image(original.id) == original
