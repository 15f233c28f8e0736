"""Stores blobs as files in a folder, which may be a volume shared by the API and the processors."""

import asyncio
import math
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from io import FileIO
from pathlib import Path
from stat import S_ISREG
from threading import Event
from uuid import UUID

from common.blob_store import BlobNotFoundError, OpenBlob
from common.blob_store.disk_errors import disk_errors
from common.blob_store.durable_files import (
    CHUNK_BYTES,
    CopyStoppedError,
    copy_aside,
    flush_folder,
    link_aside,
    move_durably,
    rename_durably,
    sweep,
)
from common.blob_store.page_cache_reader import PageCacheReader
from common.blob_store.probe import probe

_FAN_OUT_DIGITS = 3
"""The end of an id chooses one of 4096 folders: it is random, while the start is ordered by time. Ten thousand files in
each make 40 million blobs.

A second level would cost two more flushes for nearly every blob, as nearly every one would be the first in its folder.
"""


@asynccontextmanager
async def open_disk_store(folder: Path) -> AsyncIterator["DiskStore"]:
    """Yield the store in *folder*, which is created if missing; remove what crashes left in its work folder."""
    store = DiskStore(folder)
    await asyncio.to_thread(store.prepare)
    yield store


class DiskStore:
    """A `BlobStore` of files named `FOLDER/<last three digits of the id>/<id>`; blocking calls run in threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._work_dir = folder / "work"
        self._flushed: set[Path] = set()
        self._page_cache = PageCacheReader(folder)

    @property
    def work_dir(self) -> Path:
        """The folder for files to be stored, on the file system of the blobs."""
        return self._work_dir

    def prepare(self) -> None:
        """Create the folders and sweep the work folder; blocks."""
        with disk_errors(self._folder):
            self._work_dir.mkdir(parents=True, exist_ok=True)
            flush_folder(self._folder)
            sweep(self._work_dir)

    async def put_file(self, blob_id: UUID, path: Path) -> bool:
        """Store the file, unless there is one. A file in `work_dir` is moved, any other is copied."""
        stop = Event()
        put = asyncio.ensure_future(asyncio.to_thread(self._put, blob_id, path, stop))
        try:
            return await asyncio.shield(put)
        except asyncio.CancelledError:
            # A thread cannot be cancelled: ask it to stop, and do not return while it works on the file.
            stop.set()
            await asyncio.gather(put, return_exceptions=True)
            raise

    async def copy(self, source_id: UUID, blob_id: UUID) -> bool:
        """Give the source's file a second name: the bytes of a blob never change."""
        return await asyncio.to_thread(self._copy, source_id, blob_id)

    @asynccontextmanager
    async def open(self, blob_id: UUID, *, start: int = 0, length: int | None = None) -> AsyncIterator[OpenBlob]:
        """Yield the blob; its open file stays readable even if it is deleted meanwhile.

        The thread that opens the file also reads the first chunk: a call to a thread costs as much as a read.
        """
        opening = asyncio.ensure_future(asyncio.to_thread(self._open, blob_id, start, length))
        try:
            opened = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_late)
            raise
        self._page_cache.note(blob_id, self._path(blob_id), opened.byte_size)
        with opened.file:
            yield OpenBlob(opened.byte_size, self._chunks(opened))

    def read_page_cache(self, blob_id: UUID) -> memoryview | None:
        """Return the blob if it is small, was read recently and is still in the page cache."""
        return self._page_cache.read(blob_id)

    @asynccontextmanager
    async def local_file(self, blob_id: UUID) -> AsyncIterator[Path]:
        """Yield the blob's own path, without a copy."""
        if not await self.exists(blob_id):
            raise BlobNotFoundError(blob_id)
        yield self._path(blob_id)

    async def exists(self, blob_id: UUID) -> bool:
        """Say whether the file exists; raise if the whole folder is gone."""
        return await asyncio.to_thread(self._exists, blob_id)

    async def delete(self, blob_id: UUID) -> None:
        """Delete the file, if it exists."""
        await asyncio.to_thread(self._delete, blob_id)

    async def list_older_than(self, moment: datetime) -> AsyncIterator[UUID]:
        """Yield the ids of the files last written before *moment*, one fan-out folder after another."""
        for number in range(16**_FAN_OUT_DIGITS):
            folder = f"{number:0{_FAN_OUT_DIGITS}x}"
            for blob_id in await asyncio.to_thread(self._stored_in, folder, moment.timestamp()):
                yield blob_id

    async def direct_url(self, blob_id: UUID, *, media_type: str, disposition: str) -> None:  # noqa: ARG002 - the port's
        """Return None: files are served only by the API."""
        return

    async def check(self) -> None:
        """Write, read and delete a probe."""
        await probe(self)

    def _path(self, blob_id: UUID) -> Path:
        return self._folder / blob_id.hex[-_FAN_OUT_DIGITS:] / str(blob_id)

    def _put(self, blob_id: UUID, path: Path, stop: Event) -> bool:
        inside = self._work_dir in path.parents and S_ISREG(path.lstat().st_mode)
        source = path if inside else path.resolve(strict=True)
        with disk_errors(self._folder):
            try:
                staged = source if inside else copy_aside(source, self._work_dir, stop)
            except CopyStoppedError:
                return False
            try:
                is_stored = move_durably(staged, self._path(blob_id))
                self._flush_name(self._path(blob_id).parent)
            finally:
                if not inside:
                    staged.unlink(missing_ok=True)
        return is_stored

    def _copy(self, source_id: UUID, blob_id: UUID) -> bool:
        with disk_errors(self._folder):
            try:
                staged = link_aside(self._path(source_id), self._work_dir)
            except FileNotFoundError:
                self._work_dir.stat()  # else the volume is gone, which says nothing about the blob
                raise BlobNotFoundError(source_id) from None
            try:
                # The source was flushed when it was stored.
                is_stored = rename_durably(staged, self._path(blob_id))
                self._flush_name(self._path(blob_id).parent)
            finally:
                staged.unlink(missing_ok=True)
        return is_stored

    def _flush_name(self, folder: Path) -> None:
        """Flush the name of *folder*; once per process is enough, whoever created it."""
        if folder not in self._flushed:
            flush_folder(self._folder)
            self._flushed.add(folder)

    def _open(self, blob_id: UUID, start: int, length: int | None) -> "_OpenFile":
        with disk_errors(self._folder):
            try:
                file = self._path(blob_id).open("rb", buffering=0)
            except FileNotFoundError:
                self._work_dir.stat()  # else the volume is gone, which says nothing about the blob
                raise BlobNotFoundError(blob_id) from None
            try:
                return _OpenFile.at(file, start, length)
            except BaseException:
                file.close()
                raise

    def _exists(self, blob_id: UUID) -> bool:
        with disk_errors(self._folder):
            self._work_dir.stat()
            return self._path(blob_id).is_file()

    def _delete(self, blob_id: UUID) -> None:
        with disk_errors(self._folder):
            self._work_dir.stat()
            self._path(blob_id).unlink(missing_ok=True)

    def _stored_in(self, folder: str, before: float) -> list[UUID]:
        with disk_errors(self._folder):
            self._work_dir.stat()
            return [UUID(file.name) for file in (self._folder / folder).glob("*") if _written_at(file) < before]

    async def _chunks(self, opened: "_OpenFile") -> AsyncIterator[bytes]:
        chunk, left = opened.first_chunk, opened.left
        with disk_errors(self._folder):
            while chunk:
                yield chunk
                left -= len(chunk)
                chunk = await asyncio.to_thread(opened.file.read, min(left, CHUNK_BYTES)) if left > 0 else b""


@dataclass(frozen=True, slots=True)
class _OpenFile:
    """An open file, and how many bytes are left to read, including the first chunk."""

    file: FileIO
    byte_size: int
    left: int
    first_chunk: bytes

    @classmethod
    def at(cls, file: FileIO, start: int, length: int | None) -> "_OpenFile":
        """Return *file* with its first chunk read from byte *start*; blocks."""
        byte_size = os.fstat(file.fileno()).st_size
        rest = max(byte_size - start, 0)
        left = rest if length is None else min(length, rest)
        file.seek(start)
        return cls(file, byte_size, left, file.read(min(left, CHUNK_BYTES)))


def _written_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return math.inf  # deleted meanwhile


def _close_late(opening: asyncio.Future[_OpenFile]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().file.close()
