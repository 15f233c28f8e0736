"""Copies variants that were made before instead of making them again."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

import structlog

from common.blob_store import BlobNotFoundError, BlobStore
from common.events import FinishedVariant, RequestedTask, ReusableVariant
from processor.jobs.measurements import Stage, stage

log = structlog.get_logger(__name__)


async def copy_reusable(
    blobs: BlobStore, tasks: Iterable[RequestedTask], *, engine: str
) -> dict[UUID, FinishedVariant]:
    """Store a copy for each task that was offered a variant of this very *engine*; return those by their ids.

    A task whose offer has gone from the store is left to be made.
    """
    offered = [(task, task.reusable) for task in tasks if task.reusable and task.reusable.engine == engine]
    if not offered:
        return {}
    with stage(Stage.STORE):
        copied = await asyncio.gather(*(_copy(blobs, task, reusable) for task, reusable in offered))
    return {variant.id: variant for variant in copied if variant}


async def _copy(blobs: BlobStore, task: RequestedTask, reusable: ReusableVariant) -> FinishedVariant | None:
    try:
        await blobs.copy(reusable.variant.id, task.variant_id)
    except BlobNotFoundError:
        log.info("variant to reuse has gone", variant_id=str(reusable.variant.id))
        return None
    return reusable.variant.model_copy(update={"task_id": task.id, "id": task.variant_id})
