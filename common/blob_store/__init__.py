"""Where the bytes of originals and variants live: the port; its adapters stand beside it.

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
    """A blob being read: the size of the whole in bytes, and the part that was asked for, once, in chunks."""

    byte_size: int
    chunks: AsyncIterator[bytes]


class BlobStore(Protocol):
    """Durable home of image bytes, keyed by image id. The rules are in tests/contracts/test_blob_store.py.

    A blob is whole or absent, at any moment and after any crash, and its bytes never change: what stands under an id
    is left as it is, until it is deleted. Every method raises `BlobStoreUnavailableError` when the store is away, full
    or wrongly set up; so does reading the chunks.
    """

    async def put_file(self, blob_id: UUID, path: Path) -> bool:
        """Store the content of the file at *path*, unless a blob has this id; say whether it was stored.

        Of several who put at once one is told so. Either way a blob stands there, durably, when this returns. A file in
        `work_dir` is consumed by being stored: it has gone then, and may have gone when this raises.
        A cancelled call has stopped working when it ends: the blob is stored, or nothing has changed.
        Raises `FileNotFoundError` when there is no file at *path*.
        """
        ...

    async def copy(self, source_id: UUID, blob_id: UUID) -> bool:
        """Store under *blob_id* what is stored under *source_id*, unless a blob has this id; say whether it was stored.

        The bytes do not pass through here. Durable when this returns, and independent of its source from then on.
        Raises `BlobNotFoundError` for a source that is not there.
        """
        ...

    def open(
        self, blob_id: UUID, *, start: int = 0, length: int | None = None
    ) -> AbstractAsyncContextManager[OpenBlob]:
        """Yield the blob from byte *start*, *length* bytes at most; raise `BlobNotFoundError`.

        A *start* at or past the end, or a *length* of 0, gives no chunks but still the blob's size.
        """
        ...

    def read_page_cache(self, blob_id: UUID) -> memoryview | None:
        """Return the whole blob where that takes no waiting; None says nothing about it: `open` will."""
        ...

    def local_file(self, blob_id: UUID) -> AbstractAsyncContextManager[Path]:
        """Yield a path where the whole blob can be read, not changed; raise `BlobNotFoundError`."""
        ...

    async def exists(self, blob_id: UUID) -> bool:
        """Say whether a blob is stored under *blob_id*."""
        ...

    async def delete(self, blob_id: UUID) -> None:
        """Remove the blob; no error when there is none."""
        ...

    def stored_before(self, moment: datetime) -> AsyncIterator[UUID]:
        """Yield the ids of the blobs last written before *moment*, in no order; newer ones may be missed."""
        ...

    async def direct_url(self, blob_id: UUID, *, media_type: str, disposition: str) -> str | None:
        """Return a URL that serves the blob itself, with these headers, for an hour; None where there is none."""
        ...

    async def check(self) -> None:
        """Write, read and delete a probe; raise `BlobStoreUnavailableError` saying what is wrong."""
        ...

    @property
    def work_dir(self) -> Path:
        """A local folder for files on their way into the store, private to its users: put files, then store them.

        Whatever lies here for a day is litter and may be removed. On disk, it is the store's own file system,
        so that storing a file is a rename.
        """
        ...
