"""What is deleted because its time is over, and what is kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from common import metrics
from common.settings.groups import KafkaSettings, RetentionSettings
from ingest_api.domain.job import JobState
from ingest_api.job_store import Backlog, JobRecord
from ingest_api.job_store.connecting import Pool
from ingest_api.job_store.deletions import PostgresDeletions
from ingest_api.job_store.old_rows import PostgresOldRows
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.messages import Messages
from ingest_api.life_cycle.retention import BATCH, Retention
from ingest_api.services import utc_now
from tests.factories.jobs import an_image
from tests.integration.life_cycle.test_deleting import announced, finish, finished, live, requested, state_of

MESSAGES = Messages(KafkaSettings())
WEEK, DAY, SECOND = timedelta(days=8), timedelta(days=1), timedelta(seconds=1)
FOR_EVER = RetentionSettings()


def retention(pool: Pool, settings: RetentionSettings = FOR_EVER, **changes: Any) -> Retention:
    """Return the work of an API process with *settings*."""
    made = Retention(
        images=PostgresDeletions(pool),
        rows=PostgresOldRows(pool),
        settings=settings,
        messages=MESSAGES,
        clock=utc_now,
        backlog=Backlog,
        jobs_stay=WEEK,
    )
    return replace(made, **changes)


async def delete_all_due(pool: Pool, settings: RetentionSettings = FOR_EVER) -> None:
    """Delete until nothing is due."""
    while await retention(pool, settings).delete_due():
        pass


async def originals(jobs: PostgresJobStore, *ages: timedelta) -> list[UUID]:
    """Return originals of these ages."""
    made = [an_image(created_at=datetime.now(UTC) - age) for age in ages]
    await jobs.add_originals(made)
    return [image.id for image in made]


async def test_a_requested_time_is_kept_to_the_second(pool: Pool, jobs: PostgresJobStore) -> None:
    """What is over goes, what is not stays, and so does what has no time at all."""
    now = datetime.now(UTC)
    over, later, never = (an_image(expires_at=time) for time in (now - SECOND, now + timedelta(minutes=1), None))
    await jobs.add_originals([over, later, never])

    await delete_all_due(pool)

    assert await live(pool) == {later.id, never.id}


@pytest.mark.parametrize(("days", "kept"), [(0, 3), (1, 1), (3, 2)])
async def test_originals_are_kept_for_as_many_days(pool: Pool, jobs: PostgresJobStore, days: int, kept: int) -> None:
    """Counted from their upload, exactly; 0 keeps them for ever."""
    ids = await originals(jobs, DAY - SECOND * 30, 3 * DAY - SECOND * 30, 3 * DAY)

    await delete_all_due(pool, RetentionSettings(originals_days=days))

    assert await live(pool) == set(ids[:kept])


async def test_variants_go_before_their_originals(pool: Pool, jobs: PostgresJobStore) -> None:
    """Each kind has its own days; a variant's job stays as it was."""
    record = await finished(jobs)
    await pool.execute("UPDATE images SET created_at = now() - interval '2 days'")

    await delete_all_due(pool, RetentionSettings(variants_days=1, originals_days=3))

    assert await live(pool) == {record.original.id}
    assert await state_of(jobs, record) is JobState.COMPLETED


async def test_an_expired_original_takes_everything_along(pool: Pool, jobs: PostgresJobStore) -> None:
    """Its variants and unfinished jobs, as with a deletion; each image is announced as expired, and counted."""
    record = await finished(jobs)
    unfinished = await requested(jobs, record.original.id)
    await pool.execute("UPDATE images SET expires_at = now() WHERE original_id IS NULL")
    counters = [metrics.IMAGES_DELETED.labels(kind, "expired") for kind in ("original", "variant")]
    before = [counter._value.get() for counter in counters]  # noqa: SLF001 - the library has no other way

    await delete_all_due(pool)

    assert await live(pool) == set()
    assert await state_of(jobs, unfinished) is JobState.CANCELLED
    told = {event["imageId"] for event in await announced(pool, "icecube.events") if "imageId" in event}
    assert told == {str(record.original.id), str(record.tasks[0].variant_id)}
    assert [counter._value.get() for counter in counters] == [value + 1 for value in before]  # noqa: SLF001 - see above


async def test_variants_expire_as_their_job_asked(pool: Pool, jobs: PostgresJobStore) -> None:
    """Counted from when they were made; their original stays."""
    record = await requested(jobs, variants_expire_seconds=60)
    await finish(jobs, record)
    variant = await jobs.find_image(record.tasks[0].variant_id)
    assert variant is not None
    assert variant.expires_at == variant.created_at + timedelta(seconds=60)
    await pool.execute("UPDATE images SET expires_at = expires_at - interval '60 seconds'")

    await delete_all_due(pool)

    assert await live(pool) == {record.original.id}


async def test_a_backlog_is_worked_off_in_small_batches(pool: Pool, jobs: PostgresJobStore) -> None:
    """A transaction deletes a few; what was given a time by request does not wait for what is old by the settings."""
    await originals(jobs, *[2 * DAY] * (3 * BATCH))
    over = an_image(expires_at=datetime.now(UTC) - SECOND)
    await jobs.add_originals([over])

    deleted = await retention(pool, RetentionSettings(originals_days=1)).delete_due()

    assert deleted == BATCH + 1
    assert over.id not in await live(pool)


async def test_two_processes_share_the_work(pool: Pool, jobs: PostgresJobStore) -> None:
    """What one has begun to delete, the other leaves to it."""
    ids = await originals(jobs, *[DAY] * 4)
    await pool.execute("UPDATE images SET expires_at = now()")
    deletions = PostgresDeletions(pool)

    async with deletions.deleting_expired(2) as first, deletions.deleting_expired(10) as second:
        assert (len(first.images), len(second.images)) == (2, 2)

    assert {image.id for image in (*first.images, *second.images)} == set(ids)


async def aged(pool: Pool, record: JobRecord, *, days: int) -> None:
    """Let the job have been made and have ended *days* ago; ids begin with the time they were made."""
    moment = datetime.now(UTC) - timedelta(days=days)
    old_id = UUID(int=(int(moment.timestamp() * 1000) - 1 << 80) | (record.job.id.int & ((1 << 80) - 1)))
    await pool.execute("DELETE FROM outbox")
    await pool.execute("UPDATE jobs SET id = $2, ended_at = $3 WHERE id = $1", record.job.id, old_id, moment)


@pytest.mark.parametrize(("days", "age", "is_kept"), [(0, 90, True), (30, 29, True), (30, 30, False), (1, 7, True)])
async def test_jobs_are_kept_for_as_many_days(
    pool: Pool, jobs: PostgresJobStore, days: int, age: int, *, is_kept: bool
) -> None:
    """Counted from their end, and eight at least: Kafka may deliver their requests. Their images stay."""
    record = await finished(jobs)
    await aged(pool, record, days=age)

    await delete_all_due(pool, RetentionSettings(jobs_days=days))

    assert await pool.fetchval("SELECT count(*) FROM jobs") == int(is_kept)
    assert len(await live(pool)) == 2


@pytest.mark.parametrize("held_by", ["a cleaning", "the outbox", "its state"])
async def test_a_job_that_is_needed_is_kept(pool: Pool, jobs: PostgresJobStore, held_by: str) -> None:
    """While it is cleaned up after, while a message requests it, and before its end."""
    record = await finished(jobs)
    await aged(pool, record, days=90)
    holds = {
        "a cleaning": "INSERT INTO cleanings (what, id, phase, due_at) SELECT 'job', id, 'forget', now() FROM jobs",
        "the outbox": "INSERT INTO outbox (topic, headers, due_at, request_of) SELECT 't', '{}', now(), id FROM jobs",
        "its state": "UPDATE jobs SET state = 'pending', ended_at = NULL",
    }
    await pool.execute(holds[held_by])

    await delete_all_due(pool, RetentionSettings(jobs_days=30))

    assert await pool.fetchval("SELECT count(*) FROM jobs") == 1


async def test_rows_of_deleted_images_go_with_the_last_that_needs_them(pool: Pool, jobs: PostgresJobStore) -> None:
    """A variant's row goes before its original's, and an original's with its last job."""
    record = await finished(jobs)
    await pool.execute("UPDATE images SET deleted_at = now() - interval '40 days'")
    settings = RetentionSettings(jobs_days=30)

    await delete_all_due(pool, settings)
    with_job = await pool.fetchval("SELECT count(*) FROM images")
    await aged(pool, record, days=40)
    await delete_all_due(pool, settings)

    assert with_job == 1
    assert await pool.fetchval("SELECT count(*) FROM images") == 0


async def test_a_job_of_a_later_release_delays_only_its_kind(pool: Pool, jobs: PostgresJobStore) -> None:
    """This release cannot end it; the rest goes on."""
    await requested(jobs)
    await pool.execute("UPDATE jobs SET tasks = '[{}]'")
    await pool.execute("UPDATE images SET expires_at = now(), created_at = now()")
    (old,) = await originals(jobs, 2 * DAY)

    await delete_all_due(pool, RetentionSettings(originals_days=1))

    assert old not in await live(pool)
    assert len(await live(pool)) == 1


async def test_deletion_waits_while_events_wait(pool: Pool, jobs: PostgresJobStore) -> None:
    """It would add more, until no job is accepted."""
    image = an_image(expires_at=datetime.now(UTC) - SECOND)
    await jobs.add_originals([image])
    waiting = retention(pool, backlog=lambda: Backlog(outbox_depth=1001))

    assert await waiting.delete_if_possible() == 0
    assert await live(pool) == {image.id}
    assert await retention(pool).delete_if_possible() == 1


def test_nothing_is_deleted_unless_somebody_says_so() -> None:
    """The defaults keep everything for ever."""
    assert (FOR_EVER.originals_days, FOR_EVER.variants_days, FOR_EVER.jobs_days) == (0, 0, 0)
