"""Gives each process a folder of its own; the next process removes what a killed one left.

The lock on a folder tells that its process lives; the system gives it up with the process, however that ends.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

_PREFIX = "process-"


@contextmanager
def process_folder(parent: Path) -> Iterator[Path]:
    """Yield a new folder in *parent*, and remove it at the end; first remove those of dead processes.

    Without file locks, folders of other processes are kept. Raises `OSError`; blocks.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with _hold_lock(parent):  # a folder that is not locked yet must not count as abandoned
        _remove_abandoned(parent)
        folder = Path(mkdtemp(dir=parent, prefix=_PREFIX))
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError), _hold_lock(folder, wait=False) as is_locked:
            if is_locked:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _hold_lock(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock on *folder* while the block runs; yield whether it was acquired."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
