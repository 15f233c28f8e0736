"""Deletes what is older than the settings and its request allow: little at once, so that nobody waits for it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Protocol

import structlog

from common import metrics
from common.events import ImageExpired
from common.settings.groups import RetentionSettings
from ingest_api.job_store import Backlog, UnreadableJobError
from ingest_api.job_store.deletions import DeletedImage, Deletion
from ingest_api.life_cycle.deleting import count_deletion, delete_all
from ingest_api.life_cycle.messages import Messages

log = structlog.get_logger(__name__)

BATCH = 50
_POLL_SECONDS = 10.0
"""How late an image may be deleted while there is no backlog."""
_REST = 100
"""How much longer than its work the deletion rests in a backlog: what the cleaner does for each image takes more."""
_MOST_WAITING = 1000
"""Beyond so many events that wait to be sent, deletion waits too: it would add more."""


class DueImages(Protocol):
    """The part of `ingest_api.job_store.deletions` that is used."""

    def deleting_expired(self, limit: int) -> AbstractAsyncContextManager[Deletion]:
        """Mark images whose requests gave them a time, which is over; commit if the block succeeds."""
        ...

    def deleting_old(self, limit: int, *, originals: bool, days: int) -> AbstractAsyncContextManager[Deletion]:
        """Mark originals or variants older than some days; commit if the block succeeds."""
        ...


class OldRows(Protocol):
    """The part of `ingest_api.job_store.old_rows` that is used."""

    async def delete_jobs(self, limit: int, *, ended_before: datetime) -> int:
        """Delete old jobs; return how many."""
        ...

    async def delete_images(self, limit: int, *, deleted_before: datetime) -> int:
        """Delete rows of images deleted long ago; return how many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Runs in every API process; those that run at once share the work."""

    images: DueImages
    rows: OldRows
    settings: RetentionSettings
    messages: Messages
    clock: Callable[[], datetime]
    backlog: Callable[[], Backlog]
    jobs_stay: timedelta
    """How long a job is kept at least: Kafka may deliver its request."""

    async def run(self) -> None:
        """Delete what is due until cancelled; raise `JobStoreUnavailableError` when the database is away."""
        while True:
            began = monotonic()
            deleted = await self.delete_if_possible()
            await asyncio.sleep(_REST * (monotonic() - began) if deleted else _POLL_SECONDS)

    async def delete_if_possible(self) -> int:
        """Delete what is due, unless too many events wait."""
        return await self.delete_due() if self.backlog().outbox_depth <= _MOST_WAITING else 0

    async def delete_due(self) -> int:
        """Delete a batch of each kind that is due; return how many rows there were.

        What a request gave a time goes first, and never waits for a backlog of the others.
        """
        days = self.settings
        deleted = await self._delete(self.images.deleting_expired(BATCH))
        if days.originals_days:
            deleted += await self._delete(self.images.deleting_old(BATCH, originals=True, days=days.originals_days))
        if days.variants_days:
            deleted += await self._delete(self.images.deleting_old(BATCH, originals=False, days=days.variants_days))
        if days.jobs_days:
            deleted += await self._delete_rows(max(timedelta(days=days.jobs_days), self.jobs_stay))
        return deleted

    async def _delete(self, deleting: AbstractAsyncContextManager[Deletion]) -> int:
        at = self.clock()
        try:
            async with deleting as deletion:
                ended = delete_all(deletion, lambda image: _expired(image, at), self.messages, at)
        except UnreadableJobError as exc:
            log.warning("retention waits for the end of an upgrade", error=str(exc))
            return 0
        count_deletion(deletion, ended, reason="expired")
        if deletion.images:
            log.info("images expired", images=len(deletion.images), jobs_cancelled=len(ended))
        return len(deletion.images)

    async def _delete_rows(self, age: timedelta) -> int:
        before = self.clock() - age
        jobs = await self.rows.delete_jobs(BATCH, ended_before=before)
        metrics.JOBS_DELETED.inc(jobs)
        return jobs + await self.rows.delete_images(BATCH, deleted_before=before)


def _expired(image: DeletedImage, at: datetime) -> ImageExpired:
    return ImageExpired(image_id=image.id, original_id=image.original_id, owner=image.owner, timestamp=at)
