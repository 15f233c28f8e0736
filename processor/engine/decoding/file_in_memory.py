"""A file over bytes, which need not be copied for that."""

import mmap
import os


class FileInMemory:
    """As much of a file over bytes as header readers use."""

    def __init__(self, content: bytes | mmap.mmap) -> None:
        self._content = content
        self._at = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to *offset* from the start, from here or from the end."""
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self._content)}[whence]
        return self._at

    def read(self, size: int) -> bytes:
        """Return *size* bytes, fewer at the end."""
        start, self._at = self._at, min(self._at + size, max(self._at, len(self._content)))
        return self._content[start : self._at]
