"""What a deletion takes along, and that nothing that happens at the same time survives it."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from common.blob_store.disk import DiskStore, open_disk_store
from common.events import JobSucceeded
from common.failpoints import ARMED_FOLDER, Failpoint
from common.ids import new_id
from common.settings.groups import KafkaSettings
from common.stop_marks import is_stopped
from ingest_api.delivery.results import ResultsHandler
from ingest_api.domain.caller import ANYBODY, Caller, Scope
from ingest_api.domain.job import JobState
from ingest_api.job_store import ImageUnknownError, JobRecord, UnreadableJobError
from ingest_api.job_store.cleanings import PostgresCleanings
from ingest_api.job_store.connecting import Pool
from ingest_api.job_store.deletions import PostgresDeletions
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.cancelling import Cancellation, JobEndedError
from ingest_api.life_cycle.cleaner import Cleaner
from ingest_api.life_cycle.deleting import ImageDeletion
from ingest_api.life_cycle.messages import Messages
from ingest_api.services import utc_now
from tests.factories.jobs import NOON, a_policy, a_record, a_task, an_image, the_variants_of
from tests.integration.life_cycle.test_cleaner import end_of, put
from tests.integration.test_results import records_of

MESSAGES = Messages(KafkaSettings())
NOW, WEEK = timedelta(), timedelta(days=7)
EDITOR = Caller("editor", Scope.WRITE, "shop")


@pytest_asyncio.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[DiskStore]:
    """Yield an empty store."""
    async with open_disk_store(tmp_path / "images") as blobs:
        yield blobs


@pytest.fixture
def deletion(pool: Pool) -> ImageDeletion:
    """Return the use case."""
    return ImageDeletion(PostgresDeletions(pool), MESSAGES, utc_now)


async def requested(jobs: PostgresJobStore, original_id: UUID | None = None, **changes: Any) -> JobRecord:
    """Return an unfinished job that is in the store, on a new original unless one is named."""
    original = await jobs.find_image(original_id) if original_id else an_image(owner="shop", sha256=new_id().bytes * 2)
    assert original
    record = a_record(original=original, **changes)
    if original_id is None:
        await jobs.add_originals([original])
    await jobs.add_job(record, MESSAGES.job_requested(record, at=NOON))
    return record


async def finish(jobs: PostgresJobStore, record: JobRecord) -> None:
    """Report *record*'s variants as a processor does that made them."""
    success = JobSucceeded(job_id=record.job.id, attempt=1, variants=the_variants_of(record.tasks), engine="e")
    await ResultsHandler(jobs, MESSAGES, a_policy(), utc_now).handle(records_of(success))


async def finished(jobs: PostgresJobStore, original_id: UUID | None = None) -> JobRecord:
    """Return a completed job."""
    record = await requested(jobs, original_id)
    await finish(jobs, record)
    return record


async def clean_all(pool: Pool, blobs: DiskStore, *, grace: timedelta = NOW, marks_stay: timedelta = WEEK) -> None:
    """Do every step that is due."""
    while await Cleaner(PostgresCleanings(pool), blobs, grace=grace, marks_stay=marks_stay).clean_due():
        pass


async def announced(pool: Pool, topic: str) -> list[dict[str, Any]]:
    """Return the bodies of the messages that wait for *topic*."""
    rows = await pool.fetch("SELECT value FROM outbox WHERE topic = $1 ORDER BY id", topic)
    return [json.loads(row["value"]) for row in rows]


async def state_of(jobs: PostgresJobStore, record: JobRecord) -> JobState | str | None:
    """Return the job's state as stored."""
    found = await jobs.find_job(record.job.id)
    return found.job.state if found else None


async def live(pool: Pool) -> set[UUID]:
    """Return the images that are not deleted."""
    return {row["id"] for row in await pool.fetch("SELECT id FROM images WHERE deleted_at IS NULL")}


async def until_somebody_waits(pool: Pool) -> None:
    """Wait until a transaction waits for another."""
    async with asyncio.timeout(10):
        while not await pool.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            await asyncio.sleep(0.01)


async def test_an_original_takes_everything_along(
    pool: Pool, jobs: PostgresJobStore, blobs: DiskStore, deletion: ImageDeletion
) -> None:
    """Its variants, their offers, its unfinished jobs, what was stored and not reported, and the bytes of it all."""
    done = await finished(jobs)
    original = done.original.id
    open_job, other = await requested(jobs, original), await finished(jobs)
    taken = [original, done.tasks[0].variant_id, open_job.tasks[0].variant_id]
    for blob_id in (*taken, other.original.id, other.tasks[0].variant_id):
        await put(blobs, blob_id)

    await deletion.delete(original, caller=EDITOR)
    await clean_all(pool, blobs)

    assert await live(pool) == {other.original.id, other.tasks[0].variant_id}
    assert await state_of(jobs, open_job) is JobState.CANCELLED
    assert await state_of(jobs, done) is JobState.COMPLETED
    assert await pool.fetchval("SELECT count(*) FROM reusable_variants") == 1
    assert [await blobs.exists(blob_id) for blob_id in taken] == [False] * 3
    assert await blobs.exists(other.original.id)
    assert await blobs.exists(other.tasks[0].variant_id)
    assert await is_stopped(blobs, open_job.job.id)


async def test_a_deletion_is_announced(pool: Pool, jobs: PostgresJobStore, deletion: ImageDeletion) -> None:
    """Who and when, not what: an event for each image; and each job that it cancelled is announced as cancelled."""
    done = await finished(jobs)
    open_job = await requested(jobs, done.original.id)

    await deletion.delete(done.original.id, caller=EDITOR)

    events = await announced(pool, "icecube.events")
    told = {event["imageId"]: event for event in events if "imageId" in event}
    original, variant = str(done.original.id), str(done.tasks[0].variant_id)
    assert told.keys() == {original, variant}
    assert told[original] == {
        "imageId": original,
        "owner": "shop",
        "by": "editor",
        "timestamp": told[original]["timestamp"],
    }
    assert told[variant]["originalId"] == original
    assert [event["jobId"] for event in events if "jobId" in event] == [str(open_job.job.id)]
    ends = {end["jobId"]: end["status"] for end in await announced(pool, "image-jobs")}
    assert ends == {str(done.job.id): "completed", str(open_job.job.id): "cancelled"}


async def test_a_row_tells_nothing_of_what_it_showed(
    pool: Pool, jobs: PostgresJobStore, deletion: ImageDeletion
) -> None:
    """Names and tags may be personal, and a hash tells who asks with the same bytes: they are erased."""
    original = an_image(sent_name="my doctor.jpeg", original_name="my_doctor", sha256=b"h" * 32, tags={"patient": "7"})
    await jobs.add_originals([original])

    await deletion.delete(original.id, caller=ANYBODY)

    row = await pool.fetchrow("SELECT original_name, sent_name, sha256, tags, deleted_at FROM images")
    assert row is not None
    assert tuple(row)[:4] == ("unknown", None, None, None)
    assert row["deleted_at"] is not None
    assert await pool.fetchval("SELECT count(*) FROM image_tags") == 0


async def test_a_variant_goes_alone(
    pool: Pool, jobs: PostgresJobStore, blobs: DiskStore, deletion: ImageDeletion
) -> None:
    """Its original stays, and so do other variants; it is not made again from a request that Kafka delivers again."""
    record = await requested(jobs, tasks=(a_task(), a_task(max_dimension=200)))
    await finish(jobs, record)
    gone, stays = (task.variant_id for task in record.tasks)
    for blob_id in (record.original.id, gone, stays):
        await put(blobs, blob_id)

    await deletion.delete(gone, caller=EDITOR)
    await clean_all(pool, blobs)

    assert await live(pool) == {record.original.id, stays}
    assert [await blobs.exists(blob_id) for blob_id in (record.original.id, gone, stays)] == [True, False, True]
    assert await is_stopped(blobs, record.job.id)
    assert await pool.fetchval("SELECT count(*) FROM reusable_variants") == 1


async def test_a_variant_of_an_unfinished_job_leaves_the_job_alone(
    pool: Pool, jobs: PostgresJobStore, blobs: DiskStore, deletion: ImageDeletion
) -> None:
    """The job goes on without a mark; when it has ended, the variant's blob is swept once more, behind a mark."""
    record = await requested(jobs, tasks=(a_task(), a_task(max_dimension=200)))
    gone = record.tasks[0].variant_id
    async with jobs.changing([record.job.id]) as changes:  # as progress that was reported
        changes.add_images([an_image(id=gone, original_id=record.original.id, owner="shop")])

    await deletion.delete(gone, caller=EDITOR)
    for _ in range(3):
        await Cleaner(PostgresCleanings(pool), blobs, grace=NOW, marks_stay=WEEK).clean_due()
    assert not await is_stopped(blobs, record.job.id)
    await finish(jobs, record)
    await put(blobs, gone)  # by the processor that finished
    await clean_all(pool, blobs)

    assert await state_of(jobs, record) is JobState.COMPLETED
    assert gone not in await live(pool)
    assert not await blobs.exists(gone)
    assert await is_stopped(blobs, record.job.id)


async def test_a_job_that_kafka_has_forgotten_needs_no_mark(
    pool: Pool, jobs: PostgresJobStore, blobs: DiskStore, deletion: ImageDeletion
) -> None:
    """Its request can never come again."""
    record = await finished(jobs)

    await deletion.delete(record.tasks[0].variant_id, caller=EDITOR)
    await clean_all(pool, blobs, marks_stay=timedelta(microseconds=1))

    assert not await is_stopped(blobs, record.job.id)
    assert await pool.fetchval("SELECT count(*) FROM cleanings") == 0


async def test_what_was_made_from_a_variant_goes_too(
    pool: Pool, jobs: PostgresJobStore, blobs: DiskStore, deletion: ImageDeletion
) -> None:
    """A variant may be the original of other jobs."""
    first = await finished(jobs)
    second = await finished(jobs, first.tasks[0].variant_id)
    third = await requested(jobs, second.tasks[0].variant_id)
    chain = [first.original.id, *(record.tasks[0].variant_id for record in (first, second, third))]
    for blob_id in chain:
        await put(blobs, blob_id)

    await deletion.delete(first.original.id, caller=EDITOR)
    await clean_all(pool, blobs)

    assert await live(pool) == set()
    assert await state_of(jobs, third) is JobState.CANCELLED
    assert [await blobs.exists(blob_id) for blob_id in chain] == [False] * 4


async def test_what_a_processor_stores_later_is_swept(
    pool: Pool, jobs: PostgresJobStore, blobs: DiskStore, deletion: ImageDeletion
) -> None:
    """It had looked before the bytes were gone: the second sweep comes after the grace."""
    record = await finished(jobs)
    variant = record.tasks[0].variant_id
    cleaner = Cleaner(PostgresCleanings(pool), blobs, grace=NOW, marks_stay=WEEK)

    await deletion.delete(record.original.id, caller=EDITOR)
    await cleaner.clean_due()
    await put(blobs, variant)
    await cleaner.clean_due()

    assert not await blobs.exists(variant)


async def test_a_deletion_waits_for_a_result(pool: Pool, jobs: PostgresJobStore, deletion: ImageDeletion) -> None:
    """It looks for variants after it got the jobs' locks: what a result added meanwhile goes along."""
    record = await requested(jobs)
    variant = record.tasks[0].variant_id

    async with jobs.changing([record.job.id]) as changes:
        deleting = asyncio.create_task(deletion.delete(record.original.id, caller=EDITOR))
        await until_somebody_waits(pool)
        changes.add_images([an_image(id=variant, original_id=record.original.id, owner="shop")])
        changes.save(record.job.succeeded(at=NOON))
    await deleting

    assert await live(pool) == set()
    assert await state_of(jobs, record) is JobState.COMPLETED


async def test_a_late_result_adds_nothing(pool: Pool, jobs: PostgresJobStore, deletion: ImageDeletion) -> None:
    """Neither a row nor an offer: the job has ended."""
    record = await requested(jobs)

    await deletion.delete(record.original.id, caller=EDITOR)
    await finish(jobs, record)

    assert await live(pool) == set()
    assert await pool.fetchval("SELECT count(*) FROM images") == 1
    assert await pool.fetchval("SELECT count(*) FROM reusable_variants") == 0


async def test_a_job_that_slipped_in_ends_with_its_result(pool: Pool, jobs: PostgresJobStore) -> None:
    """The release before accepts jobs while their original is being deleted: their results add nothing either."""
    record = await requested(jobs)
    await pool.execute("UPDATE images SET deleted_at = now()")

    await finish(jobs, record)

    assert await state_of(jobs, record) is JobState.CANCELLED
    assert await pool.fetchval("SELECT count(*) FROM images") == 1
    assert await pool.fetchval("SELECT count(*) FROM reusable_variants") == 0
    assert await pool.fetchval("SELECT count(*) FROM cleanings") == 1


async def outcome_of(act: Coroutine[Any, Any, object]) -> str:
    """Run *act*, and return its name or that of the error that it may raise."""
    try:
        await act
    except (ImageUnknownError, JobEndedError) as exc:
        return type(exc).__name__
    return "done"


async def test_nothing_survives_a_deletion_at_the_same_time(
    pool: Pool, jobs: PostgresJobStore, blobs: DiskStore, deletion: ImageDeletion
) -> None:
    """Deletions, results, cancellations and new jobs at once, many times: nothing stays, and nothing deadlocks."""
    cancellation = Cancellation(jobs, MESSAGES, utc_now)
    seen: Counter[str] = Counter()
    for _ in range(25):
        record, shared = await requested(jobs), await requested(jobs)
        late = replace(a_record(original=record.original), tasks=(a_task(),))
        for blob_id in (record.original.id, *(one.tasks[0].variant_id for one in (record, shared))):
            await put(blobs, blob_id)

        outcomes = await asyncio.gather(
            outcome_of(deletion.delete(record.original.id, caller=EDITOR)),
            outcome_of(jobs.add_job(late, MESSAGES.job_requested(late, at=NOON))),
            outcome_of(finish(jobs, record)),
            outcome_of(cancellation.cancel(record.job.id)),
            outcome_of(deletion.delete(record.original.id, caller=EDITOR)),
            outcome_of(finish(jobs, shared)),
        )
        seen.update(outcomes)
        if await jobs.find_job(late.job.id):  # accepted: a processor does it
            await put(blobs, late.tasks[0].variant_id)
            await finish(jobs, late)

        assert await state_of(jobs, record) in {JobState.CANCELLED, JobState.COMPLETED}
        assert await state_of(jobs, late) in {None, JobState.CANCELLED}
        assert await state_of(jobs, shared) is JobState.COMPLETED
        assert not {record.original.id, record.tasks[0].variant_id, late.tasks[0].variant_id} & await live(pool)
    await clean_all(pool, blobs)

    told = Counter(event["imageId"] for event in await announced(pool, "icecube.events") if "imageId" in event)
    ends = Counter(end["jobId"] for end in await announced(pool, "image-jobs"))
    assert set(told.values()) == {1}
    assert set(ends.values()) == {1}
    assert seen["done"] >= 25 * 4
    left = {UUID(path.name) for path in blobs.work_dir.parent.rglob("*") if is_image(path)}
    assert left <= await live(pool)


def is_image(path: Path) -> bool:
    """Say whether *path* is the blob of an image, not a mark."""
    with suppress(ValueError):
        return path.is_file() and UUID(path.name).version == 7
    return False


async def test_again_is_harmless(pool: Pool, jobs: PostgresJobStore, deletion: ImageDeletion) -> None:
    """The second deletion announces nothing."""
    record = await finished(jobs)

    for _ in range(2):
        await deletion.delete(record.original.id, caller=EDITOR)

    assert len(await announced(pool, "icecube.events")) == 2


@pytest.mark.parametrize("is_known", [True, False])
async def test_what_another_owner_has_is_unknown(
    jobs: PostgresJobStore, deletion: ImageDeletion, *, is_known: bool
) -> None:
    """Before its deletion and after it, another owner learns nothing of it."""
    record = await finished(jobs)
    image_id = record.original.id if is_known else new_id()
    stranger = Caller("stranger", Scope.WRITE, "press")

    with pytest.raises(ImageUnknownError):
        await deletion.delete(image_id, caller=stranger)
    await deletion.delete(record.original.id, caller=EDITOR)
    with pytest.raises(ImageUnknownError):
        await deletion.delete(image_id, caller=stranger)


async def test_a_job_of_a_later_release_puts_it_off(
    pool: Pool, jobs: PostgresJobStore, deletion: ImageDeletion
) -> None:
    """This release cannot end a job that it cannot read: nothing is deleted, and the caller may try again."""
    record = await requested(jobs)
    await pool.execute("UPDATE jobs SET tasks = '[{}]'")

    with pytest.raises(UnreadableJobError):
        await deletion.delete(record.original.id, caller=EDITOR)

    assert await live(pool) == {record.original.id}


@pytest.mark.parametrize(
    ("point", "is_deleted"),
    [(Failpoint.DELETION_WRITTEN_NOT_COMMITTED, False), (Failpoint.DELETION_COMMITTED_NOT_ANSWERED, True)],
)
async def test_a_crash_deletes_all_or_nothing(
    jobs: PostgresJobStore,
    blobs: DiskStore,
    pool: Pool,
    database_uri: str,
    tmp_path: Path,
    deletion: ImageDeletion,
    point: Failpoint,
    *,
    is_deleted: bool,
) -> None:
    """Before the commit nothing is deleted, and the client asks again; after it another process removes the bytes."""
    record = await finished(jobs)
    ids = (record.original.id, record.tasks[0].variant_id)
    for blob_id in ids:
        await put(blobs, blob_id)
    armed = tmp_path / "armed"
    armed.mkdir()
    (armed / point).touch()
    command = [sys.executable, "-m", "tests.integration.life_cycle.crashing_deletion", database_uri, str(ids[0])]

    end = await end_of(command, os.environ | {ARMED_FOLDER: str(armed)})
    await clean_all(pool, blobs)

    assert end == -signal.SIGKILL
    assert await live(pool) == (set() if is_deleted else set(ids))
    assert [await blobs.exists(blob_id) for blob_id in ids] == [not is_deleted] * 2
    await deletion.delete(ids[0], caller=EDITOR)
    await clean_all(pool, blobs)
    assert [await blobs.exists(blob_id) for blob_id in ids] == [False] * 2
    assert len(await announced(pool, "icecube.events")) == 2
