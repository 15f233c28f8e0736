"""Makes the variants of one attempt at a job, and stores each as soon as it is made."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from common.blob_store import BlobStore
from common.blob_store.comparing import holds
from common.blob_store.disk_errors import disk_errors
from common.events import FinishedVariant, JobProgressed, JobRequested, RequestedTask
from common.failpoints import Failpoint, fail_at
from common.ids import new_id
from common.options.variant import VariantOptions
from processor.engine import ImageRefusedError, MadeVariant, VariantRequest
from processor.jobs.deliveries import Deliver, Deliveries, Delivery, wait_for_all
from processor.jobs.failures import decide
from processor.jobs.measurements import Stage, observe_making, stage
from processor.jobs.outcomes import Outcomes
from processor.jobs.standing import StoredVariant, VariantIdTakenError, describe_standing
from processor.jobs.stopping import StopMark
from processor.pool import EngineFailedError, WorkerLostError

log = structlog.get_logger(__name__)

Wanted = Sequence[tuple[RequestedTask, VariantOptions]]
Tell = Callable[[JobProgressed], Awaitable[None]]
"""Tells the API of progress."""


class MakesVariants(Protocol):
    """The part of `ImagePool` that is used."""

    async def make(
        self, original: Path, requests: Sequence[VariantRequest], deliver: Deliver | None = None
    ) -> list[MadeVariant]:
        """Write the variants, and deliver each.

        Raises `ImageRefusedError`, `WorkerLostError`, `EngineFailedError`, or `OSError` for the files.
        """
        ...


@dataclass(frozen=True, slots=True)
class Making:
    """The work on one attempt at a job: what becomes of its tasks goes to *outcomes*."""

    job: JobRequested
    blobs: BlobStore
    pool: MakesVariants
    mark: StopMark
    outcomes: Outcomes
    tell: Tell

    async def make(self, wanted: Wanted, *, release: Callable[[], None]) -> None:
        """Make and store the *wanted* variants; *release* is called when only storing is left.

        The first attempt decodes the original once for all of them. A further one makes each by itself, so that one
        which kills its image process takes no other along.
        """
        together = [list(wanted)] if self.job.attempt == 1 else [[pair] for pair in wanted]
        async with self._fetched() as original:
            for group in together:
                await self._make_group(original, group, release if group is together[-1] else _nothing)

    async def _make_group(self, original: Path, wanted: Wanted, release: Callable[[], None]) -> None:
        work_dir = self.blobs.work_dir
        # Around everything: a full or missing disk is an outage too, whether we or the child meet it first.
        with disk_errors(work_dir), _outputs(work_dir, [options for _, options in wanted]) as requests:
            tasks = [task for task, _ in wanted]
            async with Deliveries(lambda some: self._settle(tasks, some)) as deliveries:
                error = await self._run_pool(original, requests, deliveries.put)
                observe_making([one for _, one in deliveries.taken if isinstance(one, MadeVariant)])
                release()
            fail_at(Failpoint.VARIANTS_STORED_NOT_REPORTED)
            if error:
                self._fail_open(tasks, error)

    @asynccontextmanager
    async def _fetched(self) -> AsyncIterator[Path]:
        async with AsyncExitStack() as held:
            with stage(Stage.FETCH):
                original = await held.enter_async_context(self.blobs.local_file(self.job.original.id))
            yield original

    async def _run_pool(self, original: Path, requests: Sequence[VariantRequest], deliver: Deliver) -> Exception | None:
        """Have the pool make the requests; return what kept it from some of them."""
        with stage(Stage.MAKE):
            try:
                await self.pool.make(original, requests, deliver)
            except (ImageRefusedError, WorkerLostError, EngineFailedError) as exc:
                return exc
        return None

    def _fail_open(self, tasks: Sequence[RequestedTask], error: Exception) -> None:
        failure = decide(error, attempt=self.job.attempt)
        still_open = {task.id for task in self.outcomes.open_tasks}
        for task in tasks:
            if task.id in still_open:
                self.outcomes.fail(task, failure)

    async def _settle(self, tasks: Sequence[RequestedTask], deliveries: Sequence[Delivery]) -> None:
        """Store variants, note refusals, and tell of progress."""
        fail_at(Failpoint.VARIANTS_MADE_NOT_STORED)
        async with self.mark.storing():
            await wait_for_all(self._settle_one(tasks[place], outcome) for place, outcome in deliveries)
        if progress := self.outcomes.take_progress():
            await self.tell(progress)

    async def _settle_one(self, task: RequestedTask, outcome: MadeVariant | ImageRefusedError) -> None:
        try:
            if isinstance(outcome, ImageRefusedError):
                raise outcome
            self.outcomes.add(await self._store(task, outcome))
        except (ImageRefusedError, VariantIdTakenError) as exc:
            self.outcomes.fail(task, decide(exc, attempt=self.job.attempt))

    async def _store(self, task: RequestedTask, made: MadeVariant) -> StoredVariant:
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


def _nothing() -> None:
    """Do nothing."""
