"""An original as the engine sees it: bytes in memory. Nothing of the engine opens a file by its name."""

import errno
import mmap
import os
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Original:
    """The bytes of a file, and an *identity* that no other file has had."""

    content: bytes | mmap.mmap
    identity: Hashable

    @classmethod
    def mapped(cls, descriptor: int) -> Self:
        """Return the file open as *descriptor*: its pages are read as decoders ask for them."""
        status = os.fstat(descriptor)
        identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if status.st_size == 0:  # which cannot be mapped
            return cls(b"", identity)
        return cls(_mapping(descriptor, status.st_size), identity)

    @classmethod
    def at(cls, path: Path) -> Self:
        """Return the file at *path*."""
        with path.open("rb", buffering=0) as file:
            return cls.mapped(file.fileno())

    @property
    def byte_size(self) -> int:
        """How many bytes the file has."""
        return len(self.content)


def _mapping(descriptor: int, byte_size: int) -> mmap.mmap:
    try:
        return mmap.mmap(descriptor, byte_size, access=mmap.ACCESS_READ)
    except OSError as exc:
        if exc.errno == errno.ENOMEM:
            raise MemoryError from exc
        raise
