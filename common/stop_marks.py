"""Stop marks: how the API keeps processors from a job that has ended without them.

Kafka may deliver its request still, even again and again if the job kills its processors, and these have no database to
ask. The one thing both sides can reach is the blob store: a small blob there says that the job has ended. A processor
looks for it before it begins a job, and again before it stores variants.
Keeps the protocol's rule "stop mark" (ARCHITECTURE.md).
"""

import asyncio
from datetime import timedelta
from uuid import UUID

from common.blob_store import BlobStore
from common.blob_store.disk_errors import disk_errors
from common.ids import derived_id, new_id

_CONTENT = b"this job has ended\n"
_MARK_VERSION = 5
"""Of a mark's UUID; the ids of images are of version 7."""


def grace_after(store_seconds: float) -> timedelta:
    """Return how long after a mark a processor may still store a variant.

    It stores within *store_seconds* of its last look for the mark; as long again is for clocks and slow requests.
    """
    return timedelta(seconds=2 * store_seconds)


def is_mark(blob_id: UUID) -> bool:
    """Say whether a blob is a stop mark, not an image."""
    return blob_id.version == _MARK_VERSION


async def mark_stopped(blobs: BlobStore, job_id: UUID) -> None:
    """Write the mark of a job that has ended; repeating it is harmless. Raises `BlobStoreUnavailableError`."""
    path = blobs.work_dir / f"{new_id()}.mark"
    try:
        with disk_errors(blobs.work_dir):
            await asyncio.to_thread(path.write_bytes, _CONTENT)
        await blobs.put_file(_mark_of(job_id), path)
    finally:
        path.unlink(missing_ok=True)


async def unmark_stopped(blobs: BlobStore, job_id: UUID) -> None:
    """Remove the mark of a job that no processor can be asked for any more; raise `BlobStoreUnavailableError`."""
    await blobs.delete(_mark_of(job_id))


async def is_stopped(blobs: BlobStore, job_id: UUID) -> bool:
    """Say whether the job has a mark; raise `BlobStoreUnavailableError`. Takes one small request to the store."""
    return await blobs.exists(_mark_of(job_id))


def _mark_of(job_id: UUID) -> UUID:
    return derived_id("stopped", job_id)
