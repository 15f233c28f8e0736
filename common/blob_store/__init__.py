"""The port to the bytes of originals and variants; its adapters are beside it.

Keeps the protocol's rule "bytes never change" (ARCHITECTURE.md).
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID


class BlobNotFoundError(Exception):
    """No blob is stored under this id."""

    def __init__(self, blob_id: UUID) -> None:
        super().__init__(f"no blob {blob_id}")
        self.blob_id = blob_id


class BlobStoreUnavailableError(Exception):
    """The store cannot serve now; the same call may succeed later."""


@dataclass(frozen=True, slots=True)
class OpenBlob:
    """A blob being read: its whole size in bytes, and the requested part in chunks, which can be read once."""

    byte_size: int
    chunks: AsyncIterator[bytes]


class BlobStore(Protocol):
    """Stores image bytes durably, keyed by image id. The rules are in tests/contracts/test_blob_store.py.

    A blob is whole or absent, at any moment and after any crash. Its bytes never change until it is deleted. Every
    method raises `BlobStoreUnavailableError` when the store is away, full or misconfigured; so does reading chunks.
    """

    async def put_file(self, blob_id: UUID, path: Path) -> bool:
        """Store the content of the file at *path*, unless a blob has this id; say whether it was stored.

        Of several concurrent calls one returns True. In either case a blob is stored durably when this returns. Storing
        a file in `work_dir` consumes it: it is gone afterwards, and may be gone when this raises.
        A cancelled call has stopped working when it ends: the blob is stored, or nothing has changed.
        Raises `FileNotFoundError` without a file at *path*.
        """
        ...

    async def copy(self, source_id: UUID, blob_id: UUID) -> bool:
        """Copy the blob *source_id* to *blob_id*, unless a blob has that id; say whether it was copied.

        The bytes do not pass through this process. The copy is durable when this returns, and independent of its
        source. Raises `BlobNotFoundError` for a missing source.
        """
        ...

    def open(
        self, blob_id: UUID, *, start: int = 0, length: int | None = None
    ) -> AbstractAsyncContextManager[OpenBlob]:
        """Yield the blob from byte *start*, at most *length* bytes; raise `BlobNotFoundError`.

        A *start* at or past the end, or a *length* of 0, yields no chunks, but the blob's size.
        """
        ...

    def read_page_cache(self, blob_id: UUID) -> memoryview | None:
        """Return the whole blob if that takes no waiting; None says nothing about it: `open` it then."""
        ...

    def local_file(self, blob_id: UUID) -> AbstractAsyncContextManager[Path]:
        """Yield a path to read the whole blob from, not to change it; raise `BlobNotFoundError`."""
        ...

    async def exists(self, blob_id: UUID) -> bool:
        """Say whether a blob is stored under *blob_id*."""
        ...

    async def delete(self, blob_id: UUID) -> None:
        """Delete the blob, if it exists."""
        ...

    def list_older_than(self, moment: datetime) -> AsyncIterator[UUID]:
        """Yield the ids of blobs last written before *moment*, in any order; may miss blobs written meanwhile."""
        ...

    async def direct_url(self, blob_id: UUID, *, media_type: str, disposition: str) -> str | None:
        """Return a URL that serves the blob with these headers for an hour; None if the store has none."""
        ...

    async def check(self) -> None:
        """Write, read and delete a probe; raise `BlobStoreUnavailableError` that says what is wrong."""
        ...

    @property
    def work_dir(self) -> Path:
        """A private local folder for files to be stored.

        Files older than a day may be removed. The disk store has it on its own file system, so that storing a file is a
        rename.
        """
        ...
