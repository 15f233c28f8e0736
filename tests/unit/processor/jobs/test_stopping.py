"""How a processor finds out that a job has ended without it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from common.blob_store import BlobNotFoundError, BlobStoreUnavailableError
from common.blob_store.disk import DiskStore, open_disk_store
from common.ids import new_id
from common.stop_marks import mark_stopped, unmark_stopped
from processor.jobs.stopping import JobStoppedError, StopMark

JOB, ORIGINAL = new_id(), new_id()


@pytest_asyncio.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[DiskStore]:
    """Yield an empty store."""
    async with open_disk_store(tmp_path / "images") as blobs:
        yield blobs


async def test_a_marked_job_is_not_worked_on(blobs: DiskStore) -> None:
    """Neither begun nor stored, until the mark is removed."""
    await mark_stopped(blobs, JOB)

    with pytest.raises(JobStoppedError):
        await StopMark(blobs, JOB, ORIGINAL, store_seconds=60).check()
    with pytest.raises(JobStoppedError):
        async with StopMark(blobs, JOB, ORIGINAL, store_seconds=60).storing():
            pytest.fail("stored")
    await unmark_stopped(blobs, JOB)
    async with StopMark(blobs, JOB, ORIGINAL, store_seconds=60).storing():
        pass


async def test_a_mark_that_comes_during_the_work_keeps_its_variants_from_the_store(
    blobs: DiskStore,
) -> None:
    """A job that takes its time is looked for again before its variants are stored."""
    mark = StopMark(blobs, JOB, ORIGINAL, store_seconds=60, look_seconds=0)
    await mark.check()

    await mark_stopped(blobs, JOB)

    with pytest.raises(JobStoppedError):
        async with mark.storing():
            pytest.fail("stored")


async def test_a_recent_look_is_good_enough(blobs: DiskStore) -> None:
    """A quick job asks the store once."""
    mark = StopMark(blobs, JOB, ORIGINAL, store_seconds=60)
    await mark.check()

    await mark_stopped(blobs, JOB)

    async with mark.storing():
        pass


async def test_storing_ends_in_time(blobs: DiskStore) -> None:
    """Counted from the look, not from the first byte: what the API waits for after it has written a mark."""
    mark = StopMark(blobs, JOB, ORIGINAL, store_seconds=0.05)
    await mark.check()

    with pytest.raises(BlobStoreUnavailableError, match="longer than"):
        async with mark.storing():
            await asyncio.sleep(30)


async def test_a_later_look_is_for_the_original_too(blobs: DiskStore) -> None:
    """A job that had ended before its original was deleted has no mark: the missing bytes keep its variants away."""
    path = blobs.work_dir / "some.upload"
    path.write_bytes(b"original")
    await blobs.put_file(ORIGINAL, path)
    mark = StopMark(blobs, JOB, ORIGINAL, store_seconds=60, look_seconds=0)
    await mark.check()
    await mark.check()

    await blobs.delete(ORIGINAL)

    with pytest.raises(BlobNotFoundError):
        async with mark.storing():
            pytest.fail("stored")
