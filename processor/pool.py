"""The process pool that runs the image engine: decoders crash, hang and swell in children, never here.

`WorkerLostError` is this module's only error beside the engine's `ImageRefusedError`.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from pebble import ProcessExpired, ProcessPool

from common.failure_codes import FailureCode
from processor.engine import ImageLimits, MadeVariant, VariantRequest
from processor.engine.child import prepare, serve
from processor.fork_server import fork_server

log = structlog.get_logger(__name__)

_CPU_SECONDS_A_SECOND = 2
"""A child is one thread but for AVIF's encoder; this limit is for when nobody is left to watch the clock."""

_GRACE_SECONDS = 20
"""What a job may take beyond its limits: for children to be started, and killed, before it and with it."""

_BROKEN_POOLS = 3
"""How many pools may break under a job before it is held to be its own fault after all."""

_LOST = "a job was lost between its image process and us"

Work = Callable[[Path, list[VariantRequest], ImageLimits, float], list[MadeVariant]]
"""What a child does for a job, within so many seconds of CPU: a function that can be imported by its name."""


class Loss(StrEnum):
    """The stable codes of how a child was lost."""

    TIME_LIMIT = FailureCode.TIME_LIMIT
    OUT_OF_MEMORY = FailureCode.OUT_OF_MEMORY
    WORKER_CRASHED = FailureCode.WORKER_CRASHED


class WorkerLostError(Exception):
    """The child at work crashed, ran out of time or of memory; the same job may be tried once more."""

    def __init__(self, code: Loss, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class ImagePool:
    """An async context manager over child processes that make variants.

    Children are forked from a server process that holds nothing of this one; each is replaced after *tasks_per_child*
    jobs. *task_seconds* is for each variant of a job, counted from when a child takes the job up. Where *folders* are
    given and the kernel has Landlock, children reach no files but those below them, and those below *readable* to
    read: outputs must lie in the former, originals in either. *restarted* is called when all children were replaced
    at once: after an idle one's death, or when a job has not ended *grace_seconds* after the limits of all before it.
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
        folders: Sequence[Path] | None = None,
        readable: Sequence[Path] = (),
        work: Work = serve,
        restarted: Callable[[], None] = lambda: None,
    ) -> None:
        self._workers = workers
        self._limits = limits
        self._task_seconds = task_seconds
        self._task_memory_mb = task_memory_mb
        self._tasks_per_child = tasks_per_child
        self._grace_seconds = grace_seconds
        self._folders = None if folders is None else tuple(folder.resolve() for folder in folders)
        self._readable = tuple(folder.resolve() for folder in readable)
        self._work = work
        self._restarted = restarted
        self._pool: ProcessPool | None = None
        self._in_hand: dict[Future[list[MadeVariant]], float] = {}
        """With the longest that each may take, once its turn has come."""
        self._replacing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._pool = await asyncio.to_thread(self._started_pool)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill the children, whatever they do, within about three seconds; jobs in hand are cancelled."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await asyncio.to_thread(_kill, pool)
        for future in tuple(self._in_hand):
            future.cancel()

    def has_work_waiting(self) -> bool:
        """Say whether more is in hand than the children work on: whichever is done first finds its next job."""
        return len(self._in_hand) > self._workers

    async def make(self, original: Path, requests: Sequence[VariantRequest]) -> list[MadeVariant]:
        """Have a child write *requests*' outputs; wait in turn while all are busy.

        Raises `ImageRefusedError` (final) or `WorkerLostError`; then no output is left. Cancelling the caller kills
        the child at work.
        """
        try:
            return await self._attempt(original, requests)
        except BaseException:
            for request in requests:
                request.output.unlink(missing_ok=True)
            raise

    async def _attempt(self, original: Path, requests: Sequence[VariantRequest]) -> list[MadeVariant]:
        """Try, and try again where the pool broke; then every job in its hands is given up."""
        for _ in range(_BROKEN_POOLS):
            try:
                return await self._attempt_once(original, requests)
            except BrokenProcessPool as exc:
                log.warning("image processes replaced", reason=str(exc))
        raise WorkerLostError(Loss.WORKER_CRASHED, "Image processes were killed from outside, again and again.")

    async def _attempt_once(self, original: Path, requests: Sequence[VariantRequest]) -> list[MadeVariant]:
        seconds = self._task_seconds * len(requests)
        pool = await self._usable_pool()
        work = (original, list(requests), self._limits, _CPU_SECONDS_A_SECOND * seconds)
        try:
            future = pool.schedule(self._work, args=work, timeout=seconds)
        except RuntimeError as exc:  # broken since we looked
            raise BrokenProcessPool(str(exc)) from exc
        turn_after = sum(self._in_hand.values()) / self._workers  # all are busy until then, or it is sooner
        self._in_hand[future] = longest = seconds + self._grace_seconds
        try:
            async with asyncio.timeout(turn_after + longest) as backstop:
                made: list[MadeVariant] = await asyncio.wrap_future(future)
        except TimeoutError as exc:
            if backstop.expired():
                await self._give_up(pool)
                raise BrokenProcessPool(_LOST) from exc
            raise WorkerLostError(Loss.TIME_LIMIT, f"The image took longer than {seconds:g} seconds.") from exc
        except MemoryError as exc:
            raise self._out_of_memory() from exc
        except ProcessExpired as exc:
            if exc.exitcode == -signal.SIGTRAP:  # how GLib, below libvips, ends a process that gets no more memory
                raise self._out_of_memory() from exc
            raise WorkerLostError(Loss.WORKER_CRASHED, "The image made the decoder crash.") from exc
        finally:
            del self._in_hand[future]
        return made

    def _out_of_memory(self) -> WorkerLostError:
        reason = f"The image needs more than the {self._task_memory_mb} MB of memory a task may use."
        return WorkerLostError(Loss.OUT_OF_MEMORY, reason)

    async def _usable_pool(self) -> ProcessPool:
        """Return the pool, a new one where an idle child's death has broken it: pebble then gives up."""
        async with self._replacing:
            if self._pool is None:
                message = "the pool is not open"
                raise RuntimeError(message)
            if not self._pool.active:
                await self._replace(self._pool)
            return self._pool

    async def _give_up(self, pool: ProcessPool) -> None:
        """Replace *pool*, unless somebody has.

        A child that dies, or stands still, between taking a job off the pipe and saying so takes the job with it, and
        may leave the pipe locked: pebble waits for such a job for ever.
        """
        async with self._replacing:
            if self._pool is pool:
                await self._replace(pool)

    async def _replace(self, pool: ProcessPool) -> None:
        await asyncio.to_thread(_kill, pool)
        for future in tuple(self._in_hand):
            if not future.done():
                future.set_exception(BrokenProcessPool(_LOST))
        self._pool = await asyncio.to_thread(self._started_pool)
        self._restarted()

    def _started_pool(self) -> ProcessPool:
        pool = ProcessPool(
            max_workers=self._workers,
            max_tasks=self._tasks_per_child,
            initializer=prepare,
            initargs=(self._task_memory_mb, self._folders, self._readable),
            context=fork_server(),
        )
        if not pool.active:  # asking starts it
            message = "the image processes did not start"
            raise RuntimeError(message)
        return pool


def _kill(pool: ProcessPool) -> None:
    with contextlib.suppress(BrokenProcessPool):
        pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves it untyped
        pool.join()
