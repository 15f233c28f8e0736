"""Keeps uploads while they arrive: in this process's own folder, on a disk that they never fill."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from threading import Lock

from common.blob_store.disk_errors import disk_errors
from common.blob_store.durable_files import UPLOADS
from common.process_folders import process_folder

_MIB = 1024 * 1024


def _free_bytes(path: Path) -> int:
    return shutil.disk_usage(path).free


class DiskFullError(Exception):
    """The disk for uploads has no more space than it must keep free."""

    def __init__(self) -> None:
        super().__init__("The disk for uploads is nearly full; try again later.")


class UploadFolder:
    """The folder of this process's uploads; its methods block, and may be called in any thread."""

    def __init__(self, path: Path, *, free_mb: int, free_bytes: Callable[[Path], int] = _free_bytes) -> None:
        self.path = path
        self._free_bytes = free_bytes
        self._kept_free = free_mb * _MIB
        self._being_written = 0
        self._lock = Lock()

    def check(self) -> None:
        """Raise `DiskFullError` when there is no room for an upload, `BlobStoreUnavailableError` without the folder."""
        with self.room_for(0):
            os.utime(self.path.parent)  # an older release removes what was not touched for a day

    @contextmanager
    def room_for(self, byte_count: int) -> Iterator[None]:
        """Reserve space for *byte_count* bytes while they are written; raises as `check` does.

        All uploads of the process are counted; another process on the same disk is seen once it has written.
        """
        with disk_errors(self.path):
            with self._lock:
                if self._free_bytes(self.path) - self._being_written - byte_count < self._kept_free:
                    raise DiskFullError
                self._being_written += byte_count
            try:
                yield
            finally:
                with self._lock:
                    self._being_written -= byte_count


@asynccontextmanager
async def open_upload_folder(work_dir: Path, *, free_mb: int) -> AsyncIterator[UploadFolder]:
    """Yield a folder for uploads in *work_dir*; remove what killed processes left there.

    Raises `BlobStoreUnavailableError`.
    """
    opening = process_folder(work_dir / UPLOADS)
    with disk_errors(work_dir):
        path = await asyncio.to_thread(opening.__enter__)
    try:
        yield UploadFolder(path, free_mb=free_mb)
    finally:
        await asyncio.to_thread(opening.__exit__, None, None, None)
