"""The pool as the rest of the processor uses it: variants are asked for in the event loop and made in children."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from processor.engine import ImageLimits, MadeVariant, VariantRequest
from processor.fork_server import fork_server
from processor.pool.child import ChildSettings, Work, load_engine
from processor.pool.image_process import Deliver
from processor.pool.job_queue import JobQueue, Lane
from processor.pool.jobs import Job
from processor.pool.worker import Worker, WorkerSettings

_CPU_SECONDS_A_SECOND = 2
"""A child is one thread but for AVIF's encoder; this limit is for when nobody is left to watch the clock."""

_GRACE_SECONDS = 20
"""What a child that is ready may take to begin a job: on a busy machine it waits for its turn."""

_CLOSING_SECONDS = 5


class ImagePool:
    """An async context manager over child processes that make variants.

    Children are forked from a server process that holds nothing of this one; each is replaced after *tasks_per_child*
    jobs. *task_seconds* is for each variant of a job, counted from when a child takes the job up. A child that has
    died while it was idle, or does not begin a job within *grace_seconds*, is replaced, which costs the job nothing
    but time; *restarted* is called then, in a thread. *load_work* is for tests: see `ChildSettings`.
    """

    def __init__(  # noqa: PLR0913 - by name, and each with what works for most
        self,
        *,
        workers: int,
        limits: ImageLimits,
        task_seconds: float = 60,
        task_memory_mb: int = 1024,
        tasks_per_child: int = 1000,
        grace_seconds: float = _GRACE_SECONDS,
        load_work: Callable[[], Work] = load_engine,
        restarted: Callable[[], None] = lambda: None,
    ) -> None:
        child = ChildSettings(limits, task_memory_mb, _CPU_SECONDS_A_SECOND * task_seconds, load_work)
        settings = WorkerSettings(child, task_seconds, tasks_per_child, grace_seconds, restarted)
        self._jobs = JobQueue()
        self._workers = [Worker(self._jobs, settings) for _ in range(workers)]
        self._in_hand: dict[Job, Lane] = {}
        self._is_open = False

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(fork_server)
        for worker in self._workers:
            worker.start()
        self._is_open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill the children, whatever they do, within seconds; jobs in hand are cancelled."""
        self._is_open = False
        for job in tuple(self._in_hand):
            job.future.cancel()
        self._jobs.close()
        for worker in self._workers:
            worker.stop()
        await asyncio.to_thread(self._join)

    @property
    def process_ids(self) -> list[int]:
        """The children that run now."""
        return [worker.process.id for worker in self._workers if worker.process is not None]

    def has_work_waiting(self) -> bool:
        """Say whether more is in hand than the children work on: whichever is done first finds its next job."""
        return len(self._in_hand) > len(self._workers)

    def has_interactive_work_waiting(self) -> bool:
        """Say whether more interactive jobs are in hand than children could work on."""
        return sum(lane is Lane.INTERACTIVE for lane in self._in_hand.values()) > len(self._workers)

    async def make(
        self,
        original: Path,
        requests: Sequence[VariantRequest],
        deliver: Deliver | None = None,
        *,
        lane: Lane = Lane.INTERACTIVE,
    ) -> list[MadeVariant]:
        """Have a child make *requests* and write their outputs; wait in turn in *lane* while all are busy.

        Raises `ImageRefusedError` (final), `WorkerLostError`, `EngineFailedError`, or `OSError` when the original
        cannot be read or an output not be written; then no output is left but the delivered ones. Cancelling the
        caller kills the child at work.
        *deliver* is called in a thread for each variant as soon as it is written, and for each that can never be made;
        such a refusal keeps no other variant from being made, and is raised when they are.
        """
        if not self._is_open:
            message = "the pool is not open"
            raise RuntimeError(message)
        job = Job(original, requests, deliver)
        self._in_hand[job] = lane
        self._jobs.put(job, lane)
        try:
            return await asyncio.wrap_future(job.future)
        except BaseException:
            job.stop()
            raise
        finally:
            self._in_hand.pop(job, None)

    def bulk_lane(self) -> "BulkLane":
        """Return this pool as it makes bulk jobs."""
        return BulkLane(self)

    def _join(self) -> None:
        until = time.monotonic() + _CLOSING_SECONDS
        for worker in self._workers:
            worker.join(max(0, until - time.monotonic()))


@dataclass(frozen=True, slots=True)
class BulkLane:
    """A pool for jobs that let interactive ones go first."""

    pool: ImagePool

    async def make(
        self, original: Path, requests: Sequence[VariantRequest], deliver: Deliver | None = None
    ) -> list[MadeVariant]:
        """See `ImagePool.make`."""
        return await self.pool.make(original, requests, deliver, lane=Lane.BULK)
