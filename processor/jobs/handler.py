"""Handles a job: makes the variants, stores them, and returns exactly one outcome."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

import structlog

from common.blob_store import BlobStore, BlobStoreUnavailableError
from common.events import JobFailed, JobProgressed, JobRequested, JobSucceeded, RequestedTask
from common.formats import ImageFormat
from common.options.tasks import UnsupportedOptionError
from common.options.variant import VariantOptions
from common.retries import retry_until_available
from processor.engine.version import engine_version
from processor.jobs.failures import decide, failure_of, log_failure
from processor.jobs.making import MakesVariants, Making, Tell
from processor.jobs.measurements import count_success, count_variant
from processor.jobs.outcomes import Outcomes
from processor.jobs.reuse import copy_reusable
from processor.jobs.stopping import LOOK_SECONDS, JobStoppedError, StopMark

log = structlog.get_logger(__name__)

_READ_FORMATS = frozenset(format_.value for format_ in ImageFormat)


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


async def tell_nobody(progress: JobProgressed) -> None:
    """Leave *progress* to the job's outcome, which repeats it."""


@dataclass(frozen=True, slots=True)
class JobHandler:
    """The use case of a processor: fetch the original, make the variants, store them."""

    blobs: BlobStore
    pool: MakesVariants
    engine: str = field(default_factory=engine_version)
    """Only variants of this engine are reused."""
    store_seconds: float = 300
    """How long storing may take, counted from a look for the stop mark."""
    look_seconds: float = LOOK_SECONDS
    """How old that look may be before another."""

    async def handle(
        self, job: JobRequested, slot: Releasable = NO_SLOT, tell: Tell = tell_nobody
    ) -> JobSucceeded | JobFailed:
        """Handle the job and return its outcome; raises nothing except cancellation.

        Releases *slot* when the variants are made and only storing is left. *tell* gets the job's progress.
        A job with a stop mark is not begun, and nothing more is stored for it.
        Doing a job again stores nothing where its variants stand already: those are described.
        """
        began = perf_counter()
        try:
            # Wait for a store that is away: a job is not to blame for an outage.
            outcome = await retry_until_available(lambda: self._do(job, slot, tell), on=BlobStoreUnavailableError)
        except Exception as exc:  # noqa: BLE001 - whatever becomes of a job is told, and told in full by the log
            outcome = failure_of(job, exc)
        _record(job, outcome, seconds=perf_counter() - began)
        return outcome

    async def _do(self, job: JobRequested, slot: Releasable, tell: Tell) -> JobSucceeded | JobFailed:
        outcomes = Outcomes(job, self.engine)
        try:
            await self._work_on(job, slot, tell, outcomes)
        except (BlobStoreUnavailableError, JobStoppedError):
            raise
        except Exception as exc:  # noqa: BLE001 - it fails what is open; what has ended is told all the same
            failure = decide(exc, attempt=job.attempt)
            for task in outcomes.open_tasks:
                outcomes.fail(task, failure)
        return outcomes.closing()

    async def _work_on(self, job: JobRequested, slot: Releasable, tell: Tell, outcomes: Outcomes) -> None:
        limits = {"store_seconds": self.store_seconds, "look_seconds": self.look_seconds}
        mark = StopMark(self.blobs, job.job_id, job.original.id, **limits)
        await mark.check()
        if job.original.format not in _READ_FORMATS:
            message = f"to read {job.original.format}"
            raise UnsupportedOptionError(message)
        if any(task.reusable for task in job.tasks):
            await mark.check_original()  # a copy reads nothing of it, and must not outlive it
        async with mark.storing():
            for copy in await copy_reusable(self.blobs, job.tasks, engine=self.engine):
                outcomes.add(copy)
        if wanted := list(_understood(job, outcomes)):
            making = Making(job, self.blobs, self.pool, mark, outcomes, tell)
            await making.make(wanted, release=slot.release)


def _understood(job: JobRequested, outcomes: Outcomes) -> Iterator[tuple[RequestedTask, VariantOptions]]:
    """Yield the open tasks with their options; those that need a later release fail."""
    for task in outcomes.open_tasks:
        try:
            yield task, task.options.understood()
        except UnsupportedOptionError as exc:
            outcomes.fail(task, decide(exc, attempt=job.attempt))


def _record(job: JobRequested, outcome: JobSucceeded | JobFailed, *, seconds: float) -> None:
    """Count and log the end of an attempt."""
    if isinstance(outcome, JobSucceeded):
        count_success(job, outcome)
        made, reused = len(outcome.variants), len(outcome.reused)
        log.info("variants stored", variants=made, reused=reused, seconds=round(seconds, 3))
        return
    log_failure(outcome)
    for ended in outcome.tasks:
        if ended.variant:
            count_variant(job, ended.variant, is_reused=ended.reused)
