"""Stop marks: how the API prevents another start of a job that kills its processors.

Such a job's request was never acknowledged, so Kafka delivers it again and again, and processors have no database to
ask. The one thing both sides can reach is the blob store: a small blob there says that the job has been given up.
Keeps the protocol's rule "stop mark" (ARCHITECTURE.md).
"""

import asyncio
from uuid import UUID

from common.blob_store import BlobStore
from common.blob_store.disk_errors import disk_errors
from common.ids import derived_id, new_id

_CONTENT = b"given up: this job stopped its processors\n"


async def mark_stopped(blobs: BlobStore, job_id: UUID) -> None:
    """Write the mark of a job; repeating it is harmless. Raises `BlobStoreUnavailableError`."""
    path = blobs.work_dir / f"{new_id()}.mark"
    try:
        with disk_errors(blobs.work_dir):
            await asyncio.to_thread(path.write_bytes, _CONTENT)
        await blobs.put_file(_mark_of(job_id), path)
    finally:
        path.unlink(missing_ok=True)


async def is_stopped(blobs: BlobStore, job_id: UUID) -> bool:
    """Say whether the job has a mark; raise `BlobStoreUnavailableError`. Takes one small request to the store."""
    return await blobs.exists(_mark_of(job_id))


def _mark_of(job_id: UUID) -> UUID:
    return derived_id("stopped", job_id)
