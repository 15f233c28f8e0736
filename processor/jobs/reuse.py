"""Copies reusable variants instead of making them again."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

import structlog

from common.blob_store import BlobNotFoundError, BlobStore
from common.blob_store.comparing import holds
from common.events import FinishedVariant, RequestedTask, ReusableVariant
from processor.jobs.measurements import Stage, stage
from processor.jobs.standing import StoredVariant, describe_standing

log = structlog.get_logger(__name__)


async def copy_reusable(blobs: BlobStore, tasks: Iterable[RequestedTask], *, engine: str) -> list[StoredVariant]:
    """Store a copy for each task with a reusable variant of this *engine*; return the copies.

    If the reusable variant is gone from the store, the task's variant is made.
    """
    offered = [(task, task.reusable) for task in tasks if task.reusable and task.reusable.engine == engine]
    if not offered:
        return []
    with stage(Stage.STORE):
        copied = await asyncio.gather(*(_copy(blobs, task, reusable) for task, reusable in offered))
    return [one for one in copied if one]


async def _copy(blobs: BlobStore, task: RequestedTask, reusable: ReusableVariant) -> StoredVariant | None:
    variant = reusable.variant.model_copy(update={"task_id": task.id, "id": task.variant_id})
    try:
        if not await blobs.copy(reusable.variant.id, task.variant_id):
            variant = await _standing_copy(blobs, variant, reusable.variant.id)
    except BlobNotFoundError:
        log.info("reusable variant is gone", variant_id=str(reusable.variant.id))
        return None
    return StoredVariant(variant, is_ours=False)


async def _standing_copy(blobs: BlobStore, variant: FinishedVariant, source_id: UUID) -> FinishedVariant:
    """Describe *variant*, which is already stored: an earlier delivery copied it, or another processor made it."""
    async with blobs.local_file(source_id) as source:
        is_copy = await holds(blobs, variant.id, source)
    return variant if is_copy else await describe_standing(blobs, variant)
