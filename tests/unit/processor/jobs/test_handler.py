"""What a processor makes of a job."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from common import metrics
from common.blob_store import BlobStore, BlobStoreUnavailableError
from common.blob_store.disk import DiskStore, open_disk_store
from common.events import JobFailed, JobRequested, JobSucceeded
from common.formats import ImageFormat
from common.ids import new_id
from common.stop_marks import mark_stopped
from processor.engine import ImageRefusedError, MadeVariant, Refusal, VariantRequest
from processor.jobs.deliveries import Deliver
from processor.jobs.handler import JobHandler
from processor.pool import Loss, WorkerLostError
from tests.doubles.images import ScriptedPool
from tests.factories import images
from tests.factories.jobs import a_request, a_reusable_variant, a_task


@pytest_asyncio.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[DiskStore]:
    """Yield an empty store."""
    async with open_disk_store(tmp_path / "images") as blobs:
        yield blobs


@pytest_asyncio.fixture
async def job(blobs: DiskStore, tmp_path: Path) -> JobRequested:
    """Return a job for two variants, its original stored."""
    job = a_request(tasks=(a_task(), a_task()))
    source = tmp_path / "original"
    source.write_bytes(b"original")
    await blobs.put_file(job.original.id, source)
    return job


async def put(blobs: BlobStore, content: bytes, folder: Path) -> UUID:
    """Return the id under which *content* is now stored."""
    blob_id, source = new_id(), folder / "content"
    source.write_bytes(content)
    await blobs.put_file(blob_id, source)
    return blob_id


async def content_of(blob_id: UUID, blobs: BlobStore) -> bytes:
    """Return what is stored under *blob_id*."""
    async with blobs.open(blob_id) as blob:
        return b"".join([chunk async for chunk in blob.chunks])


async def test_every_variant_is_stored_and_reported(blobs: DiskStore, job: JobRequested) -> None:
    """Success names each variant under the id that was given out with the job."""
    outcome = await JobHandler(blobs, ScriptedPool()).handle(job)

    assert isinstance(outcome, JobSucceeded)
    assert [variant.id for variant in outcome.variants] == [task.variant_id for task in job.tasks]
    assert {variant.byte_size for variant in outcome.variants} == {7}
    for task in job.tasks:
        assert await content_of(task.variant_id, blobs) == b"variant"


async def test_making_ends_before_storing(blobs: DiskStore, job: JobRequested) -> None:
    """Whoever waits for an image process is told when this job needs none any more, and has stored nothing yet."""
    stored: list[bool] = []

    class Slot:
        def release(self) -> None:
            """Look at what is stored."""
            files = blobs.work_dir.parent
            stored.append(any(file.is_file() for task in job.tasks for file in files.rglob(str(task.variant_id))))

    await JobHandler(blobs, ScriptedPool()).handle(job, Slot())

    assert stored == [False]


async def test_a_variant_says_what_became_of_an_animation(blobs: DiskStore, job: JobRequested) -> None:
    """Of an animated original the result tells how many frames are kept; of any other it tells nothing."""
    animated = await JobHandler(blobs, ScriptedPool(original_frames=9)).handle(job)
    still = await JobHandler(blobs, ScriptedPool()).handle(job)

    assert isinstance(animated, JobSucceeded)
    assert isinstance(still, JobSucceeded)
    assert {(variant.frames, variant.original_frames) for variant in animated.variants} == {(1, 9)}
    assert {(variant.frames, variant.original_frames) for variant in still.variants} == {(None, None)}


async def test_a_job_done_twice_ends_the_same(blobs: DiskStore, job: JobRequested) -> None:
    """A redelivered job stores the same variants under the same ids."""
    handling = JobHandler(blobs, ScriptedPool())

    assert await handling.handle(job) == await handling.handle(job)


async def test_what_another_engine_stored_is_described_not_replaced(
    blobs: DiskStore, job: JobRequested, tmp_path: Path
) -> None:
    """A rebalance gives the job to two releases: the second reports the bytes that may be downloaded already."""
    standing = images.photo(ImageFormat.WEBP, width=60, height=45)
    first, second = job.tasks
    source = tmp_path / "standing"
    source.write_bytes(standing)
    await blobs.put_file(first.variant_id, source)

    outcome = await JobHandler(blobs, ScriptedPool()).handle(job)

    assert isinstance(outcome, JobSucceeded)
    described, made = outcome.variants
    assert (described.id, described.task_id) == (first.variant_id, first.id)
    assert (described.width, described.height, described.byte_size) == (60, 45, len(standing))
    assert (made.width, made.height, made.byte_size) == (100, 75, 7)
    assert outcome.reused == (first.variant_id,)  # not to be offered as this engine's
    assert await content_of(first.variant_id, blobs) == standing
    assert await content_of(second.variant_id, blobs) == b"variant"
    assert list(blobs.work_dir.iterdir()) == []


@pytest.mark.parametrize("copied", [False, True], ids=["made", "copied"])
@pytest.mark.parametrize("content", ["an original", "no image"])
async def test_a_variant_never_replaces_another_blob(
    blobs: DiskStore, job: JobRequested, tmp_path: Path, content: str, *, copied: bool
) -> None:
    """A request that names somebody's original as its variant fails, and the original stays as it was."""
    victim = images.photo(ImageFormat.PNG, width=60, height=45) if content == "an original" else b"no image"
    (task, _), victim_id = job.tasks, await put(blobs, victim, tmp_path)
    reusable = a_reusable_variant(id=await put(blobs, b"earlier", tmp_path)) if copied else None
    forged = task.model_copy(update={"variant_id": victim_id, "reusable": reusable})

    outcome = await JobHandler(blobs, ScriptedPool(), engine="an-engine").handle(
        job.model_copy(update={"tasks": (forged,)})
    )

    assert isinstance(outcome, JobFailed)
    assert (outcome.code, outcome.retryable) == ("variant_id_taken", False)
    assert await content_of(victim_id, blobs) == victim
    assert list(blobs.work_dir.iterdir()) == []


async def test_a_copy_made_twice_ends_the_same(blobs: DiskStore, job: JobRequested, tmp_path: Path) -> None:
    """A redelivered job finds its copies, whatever their bytes are, and reports them as before."""
    earlier = await put(blobs, b"earlier", tmp_path)
    offered = job.tasks[0].model_copy(update={"reusable": a_reusable_variant(id=earlier, frames=3, original_frames=3)})
    copying = job.model_copy(update={"tasks": (offered,)})
    handling = JobHandler(blobs, ScriptedPool(), engine="an-engine")

    assert await handling.handle(copying) == await handling.handle(copying)


async def test_storing_is_measured_once(blobs: DiskStore, job: JobRequested) -> None:
    """A job that is offered nothing to copy does not count as a second, instant storing: it would halve the mean."""
    before = storings()

    await JobHandler(blobs, ScriptedPool()).handle(job)

    assert storings() - before == 1


def storings() -> float:
    """Return how many times storing was measured."""
    return metrics.PROCESSOR.get_sample_value("icecube_stage_seconds_count", {"stage": "store"}) or 0


async def test_what_was_made_before_is_copied(blobs: DiskStore, job: JobRequested, tmp_path: Path) -> None:
    """A variant that this engine made of the same bytes is stored again under the new id, and reported alike."""
    earlier = await put(blobs, b"earlier", tmp_path)
    first, second = job.tasks
    offered = first.model_copy(update={"reusable": a_reusable_variant(id=earlier, frames=3, original_frames=3)})
    pool = ScriptedPool()

    outcome = await JobHandler(blobs, pool, engine="an-engine").handle(
        job.model_copy(update={"tasks": (offered, second)})
    )

    assert isinstance(outcome, JobSucceeded)
    assert (outcome.engine, outcome.reused) == ("an-engine", (first.variant_id,))
    assert [variant.id for variant in outcome.variants] == [first.variant_id, second.variant_id]
    assert [(variant.byte_size, variant.frames) for variant in outcome.variants] == [(7, 3), (7, None)]
    assert await content_of(first.variant_id, blobs) == b"earlier"
    assert await content_of(second.variant_id, blobs) == b"variant"
    assert [len(requests) for requests in pool.asked] == [1]


async def test_a_job_of_copies_only_asks_no_image_process(blobs: DiskStore, job: JobRequested, tmp_path: Path) -> None:
    """Where everything was made before, nothing is made."""
    earlier = await put(blobs, b"earlier", tmp_path)
    task = a_task().model_copy(update={"reusable": a_reusable_variant(id=earlier)})
    pool = ScriptedPool()

    outcome = await JobHandler(blobs, pool, engine="an-engine").handle(job.model_copy(update={"tasks": (task,)}))

    assert isinstance(outcome, JobSucceeded)
    assert pool.asked == []


async def test_nothing_is_copied_for_a_deleted_original(blobs: DiskStore, tmp_path: Path) -> None:
    """Kafka may deliver the request of a job again whose original was deleted after its end: no copy may come back."""
    earlier = await put(blobs, b"earlier", tmp_path)
    task = a_task().model_copy(update={"reusable": a_reusable_variant(id=earlier)})

    outcome = await JobHandler(blobs, ScriptedPool(), engine="an-engine").handle(a_request(tasks=(task,)))

    assert isinstance(outcome, JobFailed)
    assert outcome.code == "original_missing"
    assert not await blobs.exists(task.variant_id)


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "another engine's"])
async def test_what_cannot_be_reused_is_made(
    blobs: DiskStore, job: JobRequested, tmp_path: Path, *, gone: bool
) -> None:
    """An earlier variant that was deleted, or that another engine made, is no reason to fail or to store it."""
    earlier = new_id() if gone else await put(blobs, b"earlier", tmp_path)
    reusable = a_reusable_variant(id=earlier, engine="an-engine" if gone else "an-older-engine")
    tasks = tuple(task.model_copy(update={"reusable": reusable}) for task in job.tasks)

    outcome = await JobHandler(blobs, ScriptedPool(), engine="an-engine").handle(
        job.model_copy(update={"tasks": tasks})
    )

    assert isinstance(outcome, JobSucceeded)
    assert outcome.reused == ()
    assert [await content_of(task.variant_id, blobs) for task in tasks] == [b"variant", b"variant"]


async def test_a_refused_image_is_final(blobs: DiskStore, job: JobRequested) -> None:
    """The engine's sentence is passed on, and another attempt is not asked for."""
    pool = ScriptedPool([ImageRefusedError(Refusal.IMAGE_DAMAGED, "The image is cut short.")])

    outcome = await JobHandler(blobs, pool).handle(job)

    assert isinstance(outcome, JobFailed)
    assert (outcome.code, outcome.reason, outcome.retryable) == ("image_damaged", "The image is cut short.", False)


@pytest.mark.parametrize(("attempt", "retryable"), [(1, True), (2, False)])
async def test_a_lost_worker_gets_one_more_attempt(
    blobs: DiskStore, job: JobRequested, attempt: int, *, retryable: bool
) -> None:
    """A crash may be chance once; twice, it is the image."""
    pool = ScriptedPool([WorkerLostError(Loss.WORKER_CRASHED, "The image made the decoder crash.")])

    outcome = await JobHandler(blobs, pool).handle(job.model_copy(update={"attempt": attempt}))

    assert isinstance(outcome, JobFailed)
    assert (outcome.code, outcome.retryable) == ("worker_crashed", retryable)


async def test_a_stopped_job_is_not_begun(blobs: DiskStore, job: JobRequested) -> None:
    """A job that has ended, such as one that kills processors, is answered without touching its image."""
    pool = ScriptedPool()
    await mark_stopped(blobs, job.job_id)
    await mark_stopped(blobs, job.job_id)

    outcome = await JobHandler(blobs, pool).handle(job)

    assert isinstance(outcome, JobFailed)
    assert (outcome.code, outcome.retryable) == ("job_stopped", False)
    assert pool.originals == []
    assert isinstance(await JobHandler(blobs, pool).handle(job.model_copy(update={"job_id": new_id()})), JobSucceeded)


async def test_a_missing_original_may_turn_up(blobs: DiskStore) -> None:
    """A store that shows a blob late is given another attempt."""
    outcome = await JobHandler(blobs, ScriptedPool()).handle(a_request())

    assert isinstance(outcome, JobFailed)
    assert (outcome.code, outcome.retryable) == ("original_missing", True)


async def test_a_surprise_is_reported_without_its_details(blobs: DiskStore, job: JobRequested) -> None:
    """A mistake of ours neither stops the processor nor shows its inside to clients."""
    outcome = await JobHandler(blobs, ScriptedPool([ZeroDivisionError("secret")])).handle(job)

    assert isinstance(outcome, JobFailed)
    assert (outcome.code, outcome.retryable) == ("internal_error", True)
    assert "secret" not in outcome.reason


async def test_a_store_that_is_away_is_waited_for(tmp_path: Path, job: JobRequested) -> None:
    """An outage is no fault of the job: it does not cost an attempt."""
    flaky = FlakyStore(tmp_path / "images")

    outcome = await JobHandler(flaky, ScriptedPool()).handle(job)

    assert isinstance(outcome, JobSucceeded)
    assert flaky.outages == 0


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EFBIG])
async def test_a_disk_that_is_full_is_waited_for(blobs: DiskStore, job: JobRequested, number: int) -> None:
    """What keeps the child from writing is an outage of the store, whose work folder it writes in."""
    pool = ScriptedPool([OSError(number, "no more")] * 2)

    outcome = await JobHandler(blobs, pool).handle(job)

    assert isinstance(outcome, JobSucceeded)
    assert pool.failures == []


async def test_a_work_folder_that_is_gone_is_waited_for(tmp_path: Path, job: JobRequested) -> None:
    """A volume that is not mounted costs no attempt."""
    blobs = DiskStore(tmp_path / "images")
    blobs.work_dir.rmdir()
    handling = asyncio.create_task(JobHandler(blobs, ScriptedPool()).handle(job))
    await asyncio.sleep(0)

    blobs.work_dir.mkdir()

    assert isinstance(await handling, JobSucceeded)


async def test_no_image_is_refused_for_an_original_that_has_gone(blobs: DiskStore, job: JobRequested) -> None:
    """A file that vanished is no verdict on the image: the job waits until it is back."""
    pool = VanishingOriginals()

    outcome = await JobHandler(blobs, pool).handle(job)

    assert isinstance(outcome, JobFailed)
    assert (outcome.code, outcome.retryable) == ("original_missing", True)


@pytest.mark.parametrize("failure", [None, ImageRefusedError(Refusal.IMAGE_DAMAGED, "Broken.")])
async def test_nothing_is_left_in_the_work_folder(
    blobs: DiskStore, job: JobRequested, failure: Exception | None
) -> None:
    """Whatever the outcome, the job's files there are gone."""
    await JobHandler(blobs, ScriptedPool([failure] if failure else [])).handle(job)

    assert list(blobs.work_dir.iterdir()) == []


class VanishingOriginals(ScriptedPool):
    """A pool under which originals vanish before it opens them."""

    async def make(
        self,
        original: Path,
        requests: Sequence[VariantRequest],  # noqa: ARG002 - none is made
        deliver: Deliver | None = None,  # noqa: ARG002 - see there
    ) -> list[MadeVariant]:
        """Find no file."""
        original.unlink()  # noqa: ASYNC240 - one file of a test
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(original))


class FlakyStore(DiskStore):
    """A store whose first reads find it away."""

    outages = 3

    @asynccontextmanager
    async def local_file(self, blob_id: UUID) -> AsyncIterator[Path]:
        """Yield the file, or be away."""
        if self.outages:
            self.outages -= 1
            message = "away"
            raise BlobStoreUnavailableError(message)
        async with super().local_file(blob_id) as path:
            yield path
