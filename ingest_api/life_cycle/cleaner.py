"""The cleaner: after an end or a deletion, it stops what still works on a job and removes bytes that nobody may have.

Of a job: stop mark, sweep, wait for the grace, sweep again, forget. A deleted original needs no mark, as processors
miss its bytes. A deleted variant leaves the mark to its job, once that has ended. A step is repeated until it is noted
as done: a crash, or a store that is away, only delays it.
Keeps the protocol's rules "stop mark", "two sweeps" and "deletion" (ARCHITECTURE.md).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, assert_never
from uuid import UUID

import structlog

from common import metrics
from common.blob_store import BlobStore, BlobStoreUnavailableError
from common.failpoints import Failpoint, fail_at
from common.stop_marks import mark_stopped, unmark_stopped
from ingest_api.domain.cleaning import Cleaned, Cleaning, Phase

log = structlog.get_logger(__name__)

_BATCH = 50
_AT_ONCE = 4
"""Concurrent steps, so that many leave connections to the requests."""
_POLL_SECONDS = 1.0
_LEASE = timedelta(seconds=30)
"""When a step that failed, or whose process died, is tried again."""


class Cleanings(Protocol):
    """The rows of `ingest_api.job_store.cleanings`, as the cleaner uses them."""

    async def claim(self, limit: int, *, lease: timedelta) -> list[Cleaning]:
        """Return due cleanings, which no other caller gets for the *lease*."""
        ...

    async def advance(self, cleaning: Cleaning, phase: Phase, *, after: timedelta = timedelta()) -> None:
        """Note that a step is done, and when the next is due."""
        ...

    async def forget(self, cleaning: Cleaning) -> None:
        """Note that the last step is done."""
        ...

    async def hand_over(self, cleaning: Cleaning, *, deliverable: timedelta, again_after: timedelta) -> None:
        """Have a deleted variant's job cleaned if it ended within *deliverable*; put it off until it has ended."""
        ...

    async def blobs_to_sweep(self, cleaning: Cleaning) -> Sequence[UUID]:
        """Return the blobs that belong to what is cleaned, and to no image that is there."""
        ...


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Runs in every API process; two that do the same step do no harm."""

    cleanings: Cleanings
    blobs: BlobStore
    grace: timedelta
    """Longer than a processor takes from looking for the stop mark to the last variant it stores."""
    marks_stay: timedelta
    """Longer than Kafka may still deliver the request of a job that has ended."""

    async def run(self) -> None:
        """Clean until cancelled; raise `JobStoreUnavailableError` when the database is away."""
        while True:
            if await self.clean_due() < _BATCH:
                await asyncio.sleep(_POLL_SECONDS)

    async def clean_due(self) -> int:
        """Do the steps that are due; return how many there were. One that fails is due again after a lease."""
        due = await self.cleanings.claim(_BATCH, lease=_LEASE)
        if due:
            fail_at(Failpoint.CLEANING_CLAIMED_NOT_DONE)
        room = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._try_step(cleaning, room) for cleaning in due))
        return len(due)

    async def _try_step(self, cleaning: Cleaning, room: asyncio.Semaphore) -> None:
        try:
            async with room:
                await self._do_step(cleaning)
            metrics.CLEANING_STEPS.labels(cleaning.phase).inc()
        except BlobStoreUnavailableError as exc:
            log.warning("cleaning delayed", what=cleaning.what, id=str(cleaning.id), error=str(exc))

    async def _do_step(self, cleaning: Cleaning) -> None:
        match cleaning.phase:
            case Phase.MARK:
                await mark_stopped(self.blobs, cleaning.id)
                fail_at(Failpoint.STOP_MARK_WRITTEN_NOT_NOTED)
                await self.cleanings.advance(cleaning, Phase.SWEEP)
            case Phase.SWEEP:
                await self._sweep(cleaning)
                await self.cleanings.advance(cleaning, Phase.SWEEP_AGAIN, after=self.grace)
            case Phase.SWEEP_AGAIN:
                await self._sweep(cleaning)
                await self._end(cleaning)
            case Phase.FORGET:
                await unmark_stopped(self.blobs, cleaning.id)
                fail_at(Failpoint.STOP_MARK_REMOVED_NOT_FORGOTTEN)
                await self.cleanings.forget(cleaning)
            case _:
                assert_never(cleaning.phase)

    async def _sweep(self, cleaning: Cleaning) -> None:
        """Remove the blobs that have no row, or a deleted one: no row can be added any more."""
        for blob_id in await self.cleanings.blobs_to_sweep(cleaning):
            await self.blobs.delete(blob_id)
        fail_at(Failpoint.VARIANTS_SWEPT_NOT_NOTED)

    async def _end(self, cleaning: Cleaning) -> None:
        """End a cleaning whose blobs are swept for good; a job's mark stays for a while."""
        match cleaning.what:
            case Cleaned.JOB:
                await self.cleanings.advance(cleaning, Phase.FORGET, after=self.marks_stay)
            case Cleaned.ORIGINAL:
                await self.cleanings.forget(cleaning)
            case Cleaned.VARIANT:
                await self.cleanings.hand_over(cleaning, deliverable=self.marks_stay, again_after=self.grace)
            case _:
                assert_never(cleaning.what)
