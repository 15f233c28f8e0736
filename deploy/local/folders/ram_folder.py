"""A temporary folder, in RAM if the system has a place there, and removed with its owner."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_RAM = Path("/dev/shm")  # noqa: S108 - made by mkdtemp, private to us
_PREFIX = "icecube-ram-"
_ROOM_BYTES = 1 << 30  # a container has 64 MiB there by default: not even a cluster fits


def ram() -> Path:
    """Return the system's folder in RAM, or its temporary folder if that has too little room."""
    has_room = os.access(_RAM, os.W_OK) and shutil.disk_usage(_RAM).free >= _ROOM_BYTES
    return _RAM if has_room else Path(tempfile.gettempdir())


@contextmanager
def ram_folder(parent: Path) -> Iterator[Path]:
    """Yield a new private folder in *parent*; remove it at the end.

    A folder whose owner was killed is removed by the next caller: the kernel drops the lock on it.
    """
    _remove_abandoned(parent)
    made = Path(tempfile.mkdtemp(prefix=f"new-{_PREFIX}", dir=parent))
    descriptor = os.open(made, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Lock it before it has its name, so that no other caller considers it abandoned.
        folder = made.rename(parent / made.name.removeprefix("new-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder)
    finally:
        os.close(descriptor)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError):  # its owner, or another caller, removed it meanwhile
            if folder.lstat().st_uid == os.geteuid():
                _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    else:
        shutil.rmtree(folder)
    finally:
        os.close(descriptor)
