"""Locks a folder for one process; the kernel drops the lock when its holder dies."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_POLL_SECONDS = 0.1


class FolderInUseError(Exception):
    """Another live process holds the lock."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is locked by another process")
        self.path = path


@contextmanager
def hold_lock(path: Path, *, wait_seconds: float = 0) -> Iterator[None]:
    """Lock the file at *path*, created if missing, during the block; raise `FolderInUseError` after the wait.

    The file stays behind: removing it would let two processes lock two files of one name.
    """
    with path.open("ab") as file:
        deadline = time.monotonic() + wait_seconds
        while not _try_lock(file.fileno()):
            if time.monotonic() >= deadline:
                raise FolderInUseError(path)
            time.sleep(_POLL_SECONDS)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
