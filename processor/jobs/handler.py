"""What a processor does with an event: make the variants, store them, and report exactly one outcome."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Protocol
from uuid import UUID

import structlog

from common import metrics
from common.blob_store import BlobNotFoundError, BlobStore, BlobStoreUnavailableError
from common.blob_store.disk_errors import disk_errors
from common.events import FinishedVariant, JobFailed, JobRequested, JobSucceeded, RequestedTask
from common.failpoints import Failpoint, fail_at
from common.ids import new_id
from common.retries import retry_until_available
from common.stop_marks import is_stopped
from processor.engine import ImageRefusedError, MadeVariant, VariantRequest
from processor.engine.version import engine_version
from processor.jobs.measurements import Stage, count_failure, count_success, observe_making, stage
from processor.jobs.reuse import copy_reusable
from processor.pool import WorkerLostError

log = structlog.get_logger(__name__)

_ATTEMPTS_THAT_LOSE_A_WORKER = 2
"""A crash or a time limit may be chance once; twice, it is the image."""


class _JobStoppedError(Exception):
    """The API has given the job up, as it kills whoever works on it."""


class MakesVariants(Protocol):
    """What is used of `ImagePool`."""

    async def make(self, original: Path, requests: Sequence[VariantRequest]) -> list[MadeVariant]:
        """Write the variants; raise `ImageRefusedError` or `WorkerLostError`."""
        ...


@dataclass(frozen=True, slots=True)
class JobHandler:
    """The use case of a processor."""

    blobs: BlobStore
    pool: MakesVariants
    engine: str = field(default_factory=engine_version)
    """What may be reused: only what this very engine made."""

    async def handle(self, job: JobRequested, *, made: Callable[[], None] = lambda: None) -> JobSucceeded | JobFailed:
        """Do the job and say how it ended; never raises, but for cancellation. Call *made* when only storing is left.

        Doing a job again stores the same variants under the same ids.
        """
        began = perf_counter()
        try:
            success = await self._success_of(job, made)
        except ImageRefusedError as exc:
            return _failure(job, exc.code, exc.reason, retryable=False)
        except WorkerLostError as exc:
            metrics.IMAGE_PROCESSES_LOST.labels(exc.code).inc()
            return _failure(job, exc.code, exc.reason, retryable=job.attempt < _ATTEMPTS_THAT_LOSE_A_WORKER)
        except _JobStoppedError:
            reason = "Its image has stopped processors too often."
            return _failure(job, "processor_lost", reason, retryable=False)  # it ended as that long ago
        except BlobNotFoundError:
            return _failure(job, "original_missing", "The original is missing from the image storage.", retryable=True)
        except Exception:
            log.exception("processing failed unexpectedly")
            return _failure(job, "internal_error", "Something went wrong while processing.", retryable=True)
        count_success(job, success)
        seconds = round(perf_counter() - began, 3)
        log.info("variants stored", variants=len(success.variants), reused=len(success.reused), seconds=seconds)
        return success

    async def _success_of(self, job: JobRequested, made: Callable[[], None]) -> JobSucceeded:
        """Store the variants. A store that is away is waited for: a job is not to blame for an outage."""
        return await retry_until_available(lambda: self._stored(job, made), on=BlobStoreUnavailableError)

    async def _stored(self, job: JobRequested, made: Callable[[], None]) -> JobSucceeded:
        if await is_stopped(self.blobs, job.job_id):
            raise _JobStoppedError
        copies = await copy_reusable(self.blobs, job.tasks, engine=self.engine)
        left = [task for task in job.tasks if task.variant_id not in copies]
        stored = copies | (await self._made_and_stored(job, left, made) if left else {})
        variants = tuple(stored[task.variant_id] for task in job.tasks)
        return JobSucceeded(
            job_id=job.job_id, attempt=job.attempt, variants=variants, engine=self.engine, reused=tuple(copies)
        )

    async def _made_and_stored(
        self, job: JobRequested, tasks: Sequence[RequestedTask], made: Callable[[], None]
    ) -> dict[UUID, FinishedVariant]:
        work_dir = self.blobs.work_dir
        # Around all of it: a disk that is full or gone is an outage too, whoever meets it first, us or the child.
        with disk_errors(work_dir), _outputs(work_dir, tasks) as requests:
            async with AsyncExitStack() as held:
                with stage(Stage.FETCH):
                    original = await held.enter_async_context(self.blobs.local_file(job.original.id))
                with stage(Stage.MAKE):
                    variants = await self._made(original, requests)
            made()
            observe_making(variants)
            fail_at(Failpoint.VARIANTS_MADE_NOT_STORED)
            pairs = zip(tasks, variants, strict=True)
            with stage(Stage.STORE):
                stored = await asyncio.gather(*(self._store(task, variant) for task, variant in pairs))
            fail_at(Failpoint.VARIANTS_STORED_NOT_REPORTED)
            return {variant.id: variant for variant in stored}

    async def _made(self, original: Path, requests: Sequence[VariantRequest]) -> list[MadeVariant]:
        try:
            return await self.pool.make(original, requests)
        except ImageRefusedError:
            await asyncio.to_thread(original.stat)  # raises when the file has gone, which says nothing about the image
            raise

    async def _store(self, task: RequestedTask, made: MadeVariant) -> FinishedVariant:
        await self.blobs.put_file(task.variant_id, made.path)
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


@contextmanager
def _outputs(work_dir: Path, tasks: Sequence[RequestedTask]) -> Iterator[list[VariantRequest]]:
    """Yield a request for each of *tasks*; where they are not all stored, what is left of their files is removed."""
    # Beside those of other jobs: a folder of its own, made and removed, cost a third of the smallest job.
    requests = [VariantRequest(work_dir / f"{new_id()}.variant", task.options) for task in tasks]
    try:
        yield requests
    except BaseException:  # what is stored has gone from there
        for request in requests:
            request.output.unlink(missing_ok=True)
        raise


def _failure(job: JobRequested, code: str, reason: str, *, retryable: bool) -> JobFailed:
    count_failure(code)
    log.warning("attempt failed", code=code, reason=reason, retryable=retryable)
    return JobFailed(job_id=job.job_id, attempt=job.attempt, code=code, reason=reason, retryable=retryable)
