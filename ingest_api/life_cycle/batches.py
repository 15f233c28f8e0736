"""Cancels what is unfinished in a batch, and ends batches that an earlier release has miscounted."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from ingest_api.domain.batch import Batch
from ingest_api.domain.caller import Caller
from ingest_api.job_store import JobRecord, JobStore
from ingest_api.job_store.batches import PostgresBatches
from ingest_api.life_cycle.deleting import ImageDeletion
from ingest_api.life_cycle.ending import end_job
from ingest_api.life_cycle.job_metrics import count_end
from ingest_api.life_cycle.messages import Messages

log = structlog.get_logger(__name__)

_AT_ONCE = 100
"""Jobs locked in one transaction: others wait for them."""
_REPAIR_SECONDS = 60.0
_BEFORE_ALL = UUID(int=0)


class BatchEndedError(Exception):
    """The batch has ended: nothing is left to cancel."""

    def __init__(self) -> None:
        super().__init__("The batch has ended.")


@dataclass(frozen=True, slots=True)
class BatchCancellation:
    """The use case of a batch that nobody wants any more."""

    jobs: JobStore
    batches: PostgresBatches
    messages: Messages
    clock: Callable[[], datetime]
    wake_relay: Callable[[], None] = lambda: None

    async def cancel(self, batch: Batch, *, caller: Caller) -> Batch:
        """End its unfinished jobs that *caller* sees, and return it; raise `BatchEndedError`.

        In transactions of a bounded size: after a crash in between, asking again cancels the rest.
        """
        if batch.ended_at:
            raise BatchEndedError
        last = _BEFORE_ALL
        while ids := await self.batches.list_unfinished(batch.id, after=last, limit=_AT_ONCE):
            for ended in await self._cancel(ids, caller):
                count_end(ended)
            self.wake_relay()
            last = ids[-1]
        return await self.batches.find(batch.id) or batch

    async def _cancel(self, job_ids: list[UUID], caller: Caller) -> list[JobRecord]:
        at = self.clock()
        async with self.jobs.changing(job_ids) as changes:
            unfinished = [record for record in changes.records.values() if not record.job.has_ended]
            return [
                end_job(changes, record, record.job.cancelled(at=at), at=at, messages=self.messages)
                for record in unfinished
                if caller.sees(record.original.owner)
            ]


@dataclass(frozen=True, slots=True)
class BatchDeletion:
    """The use case of a batch whose variants nobody wants any more."""

    cancellation: BatchCancellation
    images: ImageDeletion

    async def delete(self, batch: Batch, *, caller: Caller) -> None:
        """Cancel what is unfinished, delete what its jobs made, as far as *caller* sees it, then mark the batch.

        In transactions of a bounded size: after a crash in between, asking again deletes the rest. Deleting a deleted
        batch does nothing.
        """
        batches, owner = self.cancellation.batches, None if caller.sees_all else caller.owner
        if batch.deleted_at:
            return
        if not batch.ended_at:
            await self.cancellation.cancel(batch, caller=caller)
        last = _BEFORE_ALL
        while ids := await batches.list_variants(batch.id, owner=owner, after=last, limit=_AT_ONCE):
            await self.images.delete_found(ids, caller=caller)
            last = ids[-1]
        await batches.mark_deleted(batch.id, at=self.cancellation.clock())


@dataclass(frozen=True, slots=True)
class BatchRepair:
    """Ends batches of which an earlier release, which counts nothing, has ended jobs. Runs in every API process."""

    batches: PostgresBatches
    messages: Messages
    clock: Callable[[], datetime]
    wake_relay: Callable[[], None]

    async def run(self) -> None:
        """Repair every minute, until cancelled; raise `JobStoreUnavailableError` when the database is away."""
        while True:
            if repaired := await self.repair():
                log.info("miscounted batches ended", count=repaired)
                self.wake_relay()
            await asyncio.sleep(_REPAIR_SECONDS)

    async def repair(self) -> int:
        """End miscounted batches; return how many."""
        at = self.clock()
        return await self.batches.end_miscounted(self.messages.batch_completed, at=at, limit=_AT_ONCE)
