"""Compares a blob with a file."""

import asyncio
import filecmp
from pathlib import Path
from uuid import UUID

from common.blob_store import BlobStore


async def holds(blobs: BlobStore, blob_id: UUID, path: Path) -> bool:
    """Say whether the blob has exactly the bytes of the file at *path*; raise `BlobNotFoundError`."""
    async with blobs.local_file(blob_id) as stored:
        return await asyncio.to_thread(filecmp.cmp, stored, path, shallow=False)
