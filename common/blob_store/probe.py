"""Checks that a blob store works: writes a probe, reads it back and deletes it."""

import asyncio

from common.blob_store import BlobStore, BlobStoreUnavailableError
from common.blob_store.disk_errors import disk_errors
from common.ids import new_id

_CONTENT = b"icecube probe"


async def probe(store: BlobStore) -> None:
    """Store, read, delete and miss a small blob; raise `BlobStoreUnavailableError` for any failure.

    The last step matters on S3: without the right to list, it answers "forbidden" for a missing key.
    """
    blob_id = new_id()
    path = store.work_dir / f"{blob_id}.probe"
    try:
        with disk_errors(store.work_dir):
            await asyncio.to_thread(path.write_bytes, _CONTENT)
        await store.put_file(blob_id, path)
    finally:
        path.unlink(missing_ok=True)
    async with store.open(blob_id) as blob:
        content = b"".join([chunk async for chunk in blob.chunks])
    await store.delete(blob_id)
    if content != _CONTENT or await store.exists(blob_id):
        message = "blob store: a probe did not come back as it was written, or was still there after its deletion"
        raise BlobStoreUnavailableError(message)
