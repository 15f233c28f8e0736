"""Bounds what is read of a file, so that reading a header ends soon, whatever an upload claims."""

import os
from typing import Protocol

from common.image_header import DamagedHeaderError

MAX_READS = 4096
"""Far beyond what a real header takes: a 32 MiB JPEG of nothing but metadata has 512 segments, three reads each."""

MAX_BYTES = 256 * 1024
"""The headers' own bytes; pixels, metadata and profiles are skipped, not read."""


_FARTHEST = 2**62
"""No file is that long; beyond twice that, seeking raises."""


class SeekableFile(Protocol):
    """The part of a file that is used."""

    def seek(self, offset: int, whence: int = ..., /) -> int:
        """Move, and return the position."""
        ...

    def read(self, size: int, /) -> bytes:
        """Return *size* bytes, fewer at the end."""
        ...


class BoundedFile:
    """Reads at most *reads* times and *most_bytes* in all, then raises `DamagedHeaderError`."""

    def __init__(self, file: SeekableFile, reads: int = MAX_READS, most_bytes: int = MAX_BYTES) -> None:
        self._file = file
        self._reads_left = reads
        self._bytes_left = most_bytes

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to *offset*, as a file does."""
        if offset > _FARTHEST:
            message = "The image's header points beyond any file."
            raise DamagedHeaderError(message)
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        """Return *size* bytes, fewer at the end of the file; reading everything is reading too much."""
        self._reads_left -= 1
        if self._reads_left < 0 or not 0 <= size <= self._bytes_left:
            message = "The image's header is too long or goes nowhere."
            raise DamagedHeaderError(message)
        content = self._file.read(size)
        self._bytes_left -= len(content)
        return content

    def exactly(self, size: int) -> bytes:
        """Return *size* bytes; raise `DamagedHeaderError` if the file ends before."""
        content = self.read(size)
        if len(content) < size:
            message = "The file ends inside the image's header."
            raise DamagedHeaderError(message)
        return content
