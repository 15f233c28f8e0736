"""Handles a job: makes the variants, stores them, and returns exactly one outcome."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Protocol
from uuid import UUID

import structlog

from common.blob_store import BlobStore, BlobStoreUnavailableError
from common.blob_store.comparing import holds
from common.blob_store.disk_errors import disk_errors
from common.events import FinishedVariant, JobFailed, JobRequested, JobSucceeded, RequestedTask
from common.failpoints import Failpoint, fail_at
from common.formats import ImageFormat
from common.ids import new_id
from common.options import UnsupportedOptionError, VariantOptions
from common.retries import retry_until_available
from processor.engine import MadeVariant, VariantRequest
from processor.engine.version import engine_version
from processor.jobs.failures import failure_of
from processor.jobs.measurements import Stage, count_success, observe_making, stage
from processor.jobs.reuse import copy_reusable
from processor.jobs.standing import StoredVariant, describe_standing
from processor.jobs.stopping import StopMark

log = structlog.get_logger(__name__)

_READ_FORMATS = frozenset(format_.value for format_ in ImageFormat)


class MakesVariants(Protocol):
    """The part of `ImagePool` that is used."""

    async def make(self, original: Path, requests: Sequence[VariantRequest]) -> list[MadeVariant]:
        """Write the variants; raise `ImageRefusedError`, `WorkerLostError`, or `OSError` for the files."""
        ...


class Releasable(Protocol):
    """The part of a slot that is used; slots bound the jobs that need an image process."""

    def release(self) -> None:
        """Let another job start; repeated calls do nothing."""
        ...


class _NoSlot:
    def release(self) -> None:
        """Do nothing."""


NO_SLOT = _NoSlot()
"""For jobs that are not bounded by slots."""

Wanted = Sequence[tuple[RequestedTask, VariantOptions]]


@dataclass(frozen=True, slots=True)
class JobHandler:
    """The use case of a processor: fetch the original, make the variants, store them."""

    blobs: BlobStore
    pool: MakesVariants
    engine: str = field(default_factory=engine_version)
    """Only variants of this engine are reused."""
    store_seconds: float = 300
    """How long storing may take, counted from a look for the stop mark."""

    async def handle(self, job: JobRequested, slot: Releasable = NO_SLOT) -> JobSucceeded | JobFailed:
        """Handle the job and return its outcome; raises nothing except cancellation.

        Releases *slot* when the variants are made and only storing is left.
        A job with a stop mark is not begun, and nothing more is stored for it.
        Doing a job again stores nothing where its variants stand already: those are described.
        """
        began = perf_counter()
        try:
            # Wait for a store that is away: a job is not to blame for an outage.
            success = await retry_until_available(lambda: self._do(job, slot), on=BlobStoreUnavailableError)
        except Exception as exc:  # noqa: BLE001 - whatever becomes of a job is told, and told in full by the log
            return failure_of(job, exc)
        count_success(job, success)
        seconds = round(perf_counter() - began, 3)
        log.info("variants stored", variants=len(success.variants), reused=len(success.reused), seconds=seconds)
        return success

    async def _do(self, job: JobRequested, slot: Releasable) -> JobSucceeded:
        mark = StopMark(self.blobs, job.job_id, job.original.id, store_seconds=self.store_seconds)
        await mark.check()
        options = _understood_options(job)
        if any(task.reusable for task in job.tasks):
            await mark.check_original()  # a copy reads nothing of it, and must not outlive it
        async with mark.storing():
            stored = await copy_reusable(self.blobs, job.tasks, engine=self.engine)
        missing = [pair for pair in zip(job.tasks, options, strict=True) if pair[0].variant_id not in stored]
        if missing:
            stored |= await self._produce(job.original.id, missing, slot, mark)
        return JobSucceeded(
            job_id=job.job_id,
            attempt=job.attempt,
            variants=tuple(stored[task.variant_id].variant for task in job.tasks),
            engine=self.engine,
            reused=tuple(task.variant_id for task in job.tasks if not stored[task.variant_id].is_ours),
        )

    async def _produce(
        self, original_id: UUID, wanted: Wanted, slot: Releasable, mark: StopMark
    ) -> dict[UUID, StoredVariant]:
        """Fetch the original, make the variants, store them."""
        work_dir = self.blobs.work_dir
        # Around everything: a full or missing disk is an outage too, whether we or the child meet it first.
        with disk_errors(work_dir), _outputs(work_dir, [options for _, options in wanted]) as requests:
            async with self._fetch(original_id) as original:
                made = await self._make(original, requests)
            slot.release()
            fail_at(Failpoint.VARIANTS_MADE_NOT_STORED)
            async with mark.storing():
                stored = await self._store([task for task, _ in wanted], made)
            fail_at(Failpoint.VARIANTS_STORED_NOT_REPORTED)
            return stored

    @asynccontextmanager
    async def _fetch(self, original_id: UUID) -> AsyncIterator[Path]:
        async with AsyncExitStack() as held:
            with stage(Stage.FETCH):
                original = await held.enter_async_context(self.blobs.local_file(original_id))
            yield original

    async def _make(self, original: Path, requests: Sequence[VariantRequest]) -> list[MadeVariant]:
        with stage(Stage.MAKE):
            made = await self.pool.make(original, requests)
        observe_making(made)
        return made

    async def _store(self, tasks: Sequence[RequestedTask], made: Sequence[MadeVariant]) -> dict[UUID, StoredVariant]:
        with stage(Stage.STORE):
            stored = await asyncio.gather(*(self._store_one(*pair) for pair in zip(tasks, made, strict=True)))
        return {one.variant.id: one for one in stored}

    async def _store_one(self, task: RequestedTask, made: MadeVariant) -> StoredVariant:
        variant = _variant_of(task, made)
        if await self.blobs.put_file(task.variant_id, made.path):
            return StoredVariant(variant, is_ours=True)
        try:
            if await holds(self.blobs, variant.id, made.path):
                return StoredVariant(variant, is_ours=True)
        finally:
            await asyncio.to_thread(made.path.unlink, missing_ok=True)
        log.warning("another engine's variant is stored", variant_id=str(variant.id))
        return StoredVariant(await describe_standing(self.blobs, variant), is_ours=False)


def _variant_of(task: RequestedTask, made: MadeVariant) -> FinishedVariant:
    return FinishedVariant(
        task_id=task.id,
        id=task.variant_id,
        format=made.format,
        width=made.width,
        height=made.height,
        byte_size=made.byte_size,
        frames=made.frames if made.original_frames > 1 else None,
        original_frames=made.original_frames if made.original_frames > 1 else None,
    )


def _understood_options(job: JobRequested) -> list[VariantOptions]:
    """Return the options of the job's tasks; raise `UnsupportedOptionError` if they need a later release."""
    if job.original.format not in _READ_FORMATS:
        message = f"to read {job.original.format}"
        raise UnsupportedOptionError(message)
    return [task.options.understood() for task in job.tasks]


@contextmanager
def _outputs(work_dir: Path, wanted: Sequence[VariantOptions]) -> Iterator[list[VariantRequest]]:
    """Yield a request for each of *wanted*; unless all get stored, remove what is left of their files."""
    # Beside other jobs' files: creating and removing a folder took a third of the smallest job's time.
    requests = [VariantRequest(work_dir / f"{new_id()}.variant", options) for options in wanted]
    try:
        yield requests
    except BaseException:  # stored files are gone from there
        for request in requests:
            request.output.unlink(missing_ok=True)
        raise
