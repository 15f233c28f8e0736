"""Reads small files from the kernel's page cache without a thread, in a tenth of the time."""

import os
from pathlib import Path
from uuid import UUID

import psutil
from cachetools import LRUCache

_SMALL_BYTES = 1024 * 1024
"""Copying this much delays other requests by less than a tenth of a millisecond."""
_REMEMBERED = 1000
_LOCAL = frozenset({"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "tmpfs", "xfs"})
"""File systems whose `open` waits for no other machine. On a network file system it may block the process for ever."""
_NOWAIT: int | None = getattr(os, "RWF_NOWAIT", None)
"""Linux only: read from memory, or fail."""


class PageCacheReader:
    """Remembers files that threads read recently: the kernel caches their names, and mostly their bytes.

    Opening waits for the local disk if the kernel has dropped the name since; reading never waits.
    """

    def __init__(self, folder: Path) -> None:
        self._is_usable = _NOWAIT is not None and _file_system_of(folder) in _LOCAL
        self._read_lately: LRUCache[UUID, Path] = LRUCache(_REMEMBERED)

    def note(self, blob_id: UUID, path: Path, byte_size: int) -> None:
        """Note that a thread has just read from the file at *path*."""
        if self._is_usable and byte_size <= _SMALL_BYTES:
            self._read_lately[blob_id] = path

    def read(self, blob_id: UUID) -> memoryview | None:
        """Return the whole file as it is now, or None if that might block."""
        path = self._read_lately.get(blob_id)
        if path is None:
            return None
        try:
            content = _read_at_once(path)
        except OSError:  # gone, not in memory, or the file system cannot say: a thread will find out
            content = None
        if content is None:
            del self._read_lately[blob_id]
        return content


def _read_at_once(path: Path) -> memoryview | None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(file).st_size
        if size > _SMALL_BYTES:
            return None
        content = bytearray(size)
        return memoryview(content) if os.preadv(file, [content], 0, _NOWAIT or 0) == size else None
    finally:
        os.close(file)


def _file_system_of(folder: Path) -> str:
    """Return the type of the file system that *folder* lies on."""
    types = {Path(mount.mountpoint): mount.fstype for mount in psutil.disk_partitions(all=True)}
    place = folder.resolve()
    return next((types[above] for above in (place, *place.parents) if above in types), "")
