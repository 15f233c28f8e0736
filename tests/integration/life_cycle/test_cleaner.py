"""What the cleaner removes after a job's end, and that nothing keeps it from doing so."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from common.blob_store import BlobStoreUnavailableError
from common.blob_store.disk import DiskStore, open_disk_store
from common.failpoints import ARMED_FOLDER, Failpoint
from common.settings.groups import KafkaSettings
from common.stop_marks import grace_after, is_stopped
from ingest_api.domain.cleaning import Cleaned, Cleaning, Phase
from ingest_api.job_store import JobRecord
from ingest_api.job_store.cleanings import PostgresCleanings
from ingest_api.job_store.connecting import Pool
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.cleaner import Cleaner
from ingest_api.life_cycle.ending import end_job
from ingest_api.life_cycle.messages import Messages
from tests.factories.jobs import NOON, a_record, a_task, an_image

MESSAGES = Messages(KafkaSettings())
SOON, NEVER = timedelta(), timedelta(days=1)


@pytest_asyncio.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[DiskStore]:
    """Yield an empty store."""
    async with open_disk_store(tmp_path / "images") as blobs:
        yield blobs


@pytest.fixture
def cleanings(pool: Pool) -> PostgresCleanings:
    """Return the rows that the cleaner works on."""
    return PostgresCleanings(pool)


async def put(blobs: DiskStore, blob_id: UUID) -> None:
    """Store a blob."""
    path = blobs.work_dir / "some.variant"
    path.write_bytes(b"x")
    await blobs.put_file(blob_id, path)


async def cancelled_job(jobs: PostgresJobStore, blobs: DiskStore) -> JobRecord:
    """Return a cancelled job of two tasks: one variant has a row, the other was stored and never reported."""
    record = a_record(tasks=(a_task(), a_task()))
    reported, unreported = (task.variant_id for task in record.tasks)
    await jobs.add_originals([record.original])
    await jobs.add_job(record, MESSAGES.job_requested(record, at=NOON))
    for blob_id in (record.original.id, reported, unreported):
        await put(blobs, blob_id)
    async with jobs.changing([record.job.id]) as changes:
        changes.add_images([an_image(id=reported, original_id=record.original.id)])
        end_job(changes, record, record.job.cancelled(at=NOON), at=NOON, messages=MESSAGES)
    return record


async def stored(blobs: DiskStore, record: JobRecord) -> list[bool]:
    """Say of the original and of each variant whether its blob is there."""
    return [await blobs.exists(blob_id) for blob_id in (record.original.id, *(t.variant_id for t in record.tasks))]


async def test_an_end_without_its_variants_is_cleaned_up(
    jobs: PostgresJobStore, blobs: DiskStore, cleanings: PostgresCleanings
) -> None:
    """Mark, sweep, sweep again, forget: what has a row stays, the rest goes, also if it comes between the sweeps."""
    record = await cancelled_job(jobs, blobs)
    cleaner = Cleaner(cleanings, blobs, grace=SOON, marks_stay=SOON)

    assert await cleaner.clean_due() == 1
    assert await is_stopped(blobs, record.job.id)
    assert await stored(blobs, record) == [True, True, True]
    await cleaner.clean_due()
    assert await stored(blobs, record) == [True, True, False]
    await put(blobs, record.tasks[1].variant_id)  # by a processor that had looked before the mark stood
    await cleaner.clean_due()
    assert await stored(blobs, record) == [True, True, False]
    await cleaner.clean_due()
    assert not await is_stopped(blobs, record.job.id)
    assert await cleaner.clean_due() == 0


async def test_the_second_sweep_waits_for_the_grace(
    jobs: PostgresJobStore, blobs: DiskStore, cleanings: PostgresCleanings
) -> None:
    """Earlier, a processor might still store a variant after it."""
    record = await cancelled_job(jobs, blobs)
    cleaner = Cleaner(cleanings, blobs, grace=NEVER, marks_stay=SOON)

    assert [await cleaner.clean_due() for _ in range(3)] == [1, 1, 0]

    assert await is_stopped(blobs, record.job.id)


async def test_the_mark_stays_as_long_as_it_is_needed(
    jobs: PostgresJobStore, blobs: DiskStore, cleanings: PostgresCleanings
) -> None:
    """Kafka may deliver the job's request for days after its end."""
    record = await cancelled_job(jobs, blobs)
    cleaner = Cleaner(cleanings, blobs, grace=SOON, marks_stay=NEVER)

    assert [await cleaner.clean_due() for _ in range(4)] == [1, 1, 1, 0]

    assert await is_stopped(blobs, record.job.id)


async def test_a_job_with_all_its_variants_needs_no_cleaning(
    jobs: PostgresJobStore, blobs: DiskStore, cleanings: PostgresCleanings
) -> None:
    """A completed job costs no request to the store after its end."""
    record = a_record()
    await jobs.add_originals([record.original])
    await jobs.add_job(record, MESSAGES.job_requested(record, at=NOON))
    async with jobs.changing([record.job.id]) as changes:
        end_job(changes, record, record.job.succeeded(at=NOON), at=NOON, messages=MESSAGES)

    assert await Cleaner(cleanings, blobs, SOON, SOON).clean_due() == 0


async def test_a_store_that_is_away_only_delays_the_step(
    jobs: PostgresJobStore, blobs: DiskStore, cleanings: PostgresCleanings, pool: Pool
) -> None:
    """The step stays to be done, after a while, and stops no other cleaning."""

    class Away(DiskStore):
        async def put_file(self, blob_id: UUID, path: Path) -> bool:
            raise BlobStoreUnavailableError(str((blob_id, path)))

    record = await cancelled_job(jobs, blobs)
    away = Away.__new__(Away)
    away.__dict__.update(blobs.__dict__)

    assert await Cleaner(cleanings, away, SOON, SOON).clean_due() == 1
    assert await cleanings.claim(10, lease=SOON) == []
    await make_due(pool)

    assert await cleanings.claim(10, lease=SOON) == [Cleaning(Cleaned.JOB, record.job.id, Phase.MARK)]


@pytest.mark.parametrize("noted", [Phase.SWEEP, Phase.SWEEP_AGAIN])
async def test_a_step_done_by_two_is_noted_once(
    jobs: PostgresJobStore, blobs: DiskStore, cleanings: PostgresCleanings, noted: Phase
) -> None:
    """A cleaner that was slow, and whose step another did meanwhile, does not take the cleaning back."""
    record = await cancelled_job(jobs, blobs)
    (slow,) = await cleanings.claim(10, lease=SOON)

    await cleanings.advance(slow, Phase.SWEEP)
    (swift,) = await cleanings.claim(10, lease=SOON)
    await cleanings.advance(swift, noted)
    await cleanings.advance(slow, Phase.SWEEP)
    await cleanings.forget(slow)

    assert await cleanings.claim(10, lease=SOON) == [Cleaning(Cleaned.JOB, record.job.id, noted)]


async def test_a_claimed_step_is_nobody_else_s(
    jobs: PostgresJobStore, blobs: DiskStore, cleanings: PostgresCleanings
) -> None:
    """Two API processes share the work."""
    await cancelled_job(jobs, blobs)

    assert len(await cleanings.claim(10, lease=NEVER)) == 1
    assert await cleanings.claim(10, lease=NEVER) == []


async def test_what_a_later_release_cleans_is_left_to_it(pool: Pool, cleanings: PostgresCleanings) -> None:
    """Neither a thing nor a step that this release does not know holds it up."""
    async with pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO cleanings (what, id, phase, due_at) VALUES ('album', gen_random_uuid(), 'mark', now()),"
            " ('job', gen_random_uuid(), 'polish', now())"
        )

    assert await cleanings.claim(10, lease=SOON) == []


CRASHES = [
    (Failpoint.CLEANING_CLAIMED_NOT_DONE, 4),
    (Failpoint.STOP_MARK_WRITTEN_NOT_NOTED, 1),
    (Failpoint.VARIANTS_SWEPT_NOT_NOTED, 2),
    (Failpoint.STOP_MARK_REMOVED_NOT_FORGOTTEN, 1),
]


@pytest.mark.parametrize(("point", "times"), CRASHES)
async def test_a_crash_at_any_step_is_made_up_for(
    jobs: PostgresJobStore,
    blobs: DiskStore,
    pool: Pool,
    database_uri: str,
    tmp_path: Path,
    point: Failpoint,
    times: int,
) -> None:
    """A cleaner that is killed at a point each time it gets there, and started again, finishes in the end."""
    record = await cancelled_job(jobs, blobs)
    armed = tmp_path / "armed"
    armed.mkdir()
    environment = os.environ | {ARMED_FOLDER: str(armed)}
    command = [sys.executable, "-m", "tests.integration.life_cycle.crashing_cleaner", database_uri]
    command += [str(tmp_path / "images")]

    ends = []
    for _ in range(times):
        (armed / point).touch()
        ends.append(await end_of(command, environment))
        await make_due(pool)
        if point is Failpoint.CLEANING_CLAIMED_NOT_DONE:  # one step further
            await Cleaner(PostgresCleanings(pool), blobs, SOON, SOON).clean_due()
    last = await end_of(command, environment)

    assert ends == [-signal.SIGKILL] * times
    assert last == 0
    assert await stored(blobs, record) == [True, True, False]
    assert not await is_stopped(blobs, record.job.id)
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM cleanings") == 0


async def end_of(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run *command* and return its exit status."""
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    return await process.wait()


async def make_due(pool: Pool) -> None:
    """Let the leases of dead cleaners be over."""
    async with pool.acquire() as connection:
        await connection.execute("UPDATE cleanings SET due_at = now()")


def test_the_grace_is_longer_than_storing_may_take() -> None:
    """It follows from the processors' own limit."""
    assert grace_after(300) == timedelta(seconds=600)
