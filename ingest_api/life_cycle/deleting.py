"""Deletes images: rows in one transaction, bytes by the cleaner.

Keeps the protocol's rule "deletion" (ARCHITECTURE.md).
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog

from common import metrics
from common.events import ImageDeleted, ImageEvent
from common.failpoints import Failpoint, fail_at
from ingest_api.domain.caller import Caller
from ingest_api.domain.cleaning import Cleaned, Phase
from ingest_api.job_store import ImageUnknownError, JobRecord
from ingest_api.job_store.deletions import DeletedImage, Deletion, ImageTrace
from ingest_api.life_cycle.ending import end_job
from ingest_api.life_cycle.job_metrics import count_end
from ingest_api.life_cycle.messages import Messages

log = structlog.get_logger(__name__)


class Deletions(Protocol):
    """The part of `ingest_api.job_store.deletions` that is used."""

    async def find(self, image_id: UUID) -> ImageTrace | None:
        """Return what is known of an image, deleted or not."""
        ...

    def deleting(self, image_ids: list[UUID]) -> AbstractAsyncContextManager[Deletion]:
        """Mark images and what was made from them; commit if the block succeeds."""
        ...


@dataclass(frozen=True, slots=True)
class ImageDeletion:
    """The use case of an image that somebody wants gone."""

    images: Deletions
    messages: Messages
    clock: Callable[[], datetime]
    wake_relay: Callable[[], None] = lambda: None

    async def delete(self, image_id: UUID, *, caller: Caller) -> None:
        """Delete the image and what was made from it; do nothing if that was done before.

        Its unfinished jobs are cancelled. When this returns nobody is shown the image, but from caches for some
        seconds, and the cleaner removes the bytes, whatever happens to this process.
        Raises `ImageUnknownError`, also for another owner's image, and `UnreadableJobError`.
        """
        trace = await self.images.find(image_id)
        if trace is None or not caller.sees(trace.owner):
            raise ImageUnknownError(image_id)
        if trace.is_deleted:
            return
        await self.delete_found([image_id], caller=caller)

    async def delete_found(self, image_ids: list[UUID], *, caller: Caller) -> None:
        """Delete images in one transaction; *caller*, who sees them, is named in the events."""
        at = self.clock()
        async with self.images.deleting(image_ids) as deletion:
            ended = delete_all(deletion, lambda image: _deleted(image, caller.name, at), self.messages, at)
        fail_at(Failpoint.DELETION_COMMITTED_NOT_ANSWERED)
        self.wake_relay()
        count_deletion(deletion, ended, reason="asked")
        log.info("images deleted", asked=len(image_ids), images=len(deletion.images), jobs_cancelled=len(ended))


def delete_all(
    deletion: Deletion,
    event_of: Callable[[DeletedImage], ImageEvent],
    messages: Messages,
    at: datetime,
) -> list[JobRecord]:
    """Record all that a deletion brings: ends of jobs, events, cleanings. Return the ended jobs.

    Raises `UnreadableJobError` for an unfinished job of a later release.
    """
    changes = deletion.changes
    for unreadable in changes.unreadable.values():
        raise unreadable
    gone = deletion.asked | {image.id for image in deletion.images}
    unfinished = [
        record for record in changes.records.values() if record.original.id in gone and not record.job.has_ended
    ]
    ended = [end_job(changes, record, record.job.cancelled(at=at), at=at, messages=messages) for record in unfinished]
    for image in deletion.images:
        changes.publish(messages.event(event_of(image), at=at))
        if image.id in deletion.asked:  # its cleaning takes along what was made from it
            changes.add_cleaning(Cleaned.VARIANT if image.original_id else Cleaned.ORIGINAL, image.id, Phase.SWEEP)
    return ended


def count_deletion(deletion: Deletion, ended: list[JobRecord], *, reason: str) -> None:
    """Count what was deleted; call this after the commit."""
    for image in deletion.images:
        metrics.IMAGES_DELETED.labels("variant" if image.original_id else "original", reason).inc()
    for record in ended:
        count_end(record)


def _deleted(image: DeletedImage, by: str, at: datetime) -> ImageDeleted:
    return ImageDeleted(image_id=image.id, original_id=image.original_id, owner=image.owner, by=by, timestamp=at)
