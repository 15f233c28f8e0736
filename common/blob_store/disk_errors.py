"""Translates the operating system's errors for a disk store into an operator's words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.blob_store import BlobStoreUnavailableError

_MEANINGS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is larger than this process may write",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "this process may not read and write there",
    errno.EPERM: "this process may not read and write there",
    errno.ENOENT: "the folder is gone; is the volume mounted?",
    errno.EIO: "the disk has failed to read or write",
    errno.ESTALE: "the network file system has lost the file",
    errno.EMFILE: "this process has too many files open",
}


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn every `OSError` into a `BlobStoreUnavailableError` that says what is wrong with *folder*."""
    try:
        yield
    except OSError as exc:
        meaning = _MEANINGS.get(exc.errno or 0, exc.strerror or str(exc))
        message = f"blob store {folder}: {meaning}"
        raise BlobStoreUnavailableError(message) from exc
