"""Small files that the kernel has in memory."""

import os
import sys
from pathlib import Path

import pytest

from common.blob_store.disk import DiskStore, open_disk_store
from common.blob_store.page_cache_reader import PageCacheReader
from common.ids import new_id

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no other kernel tells what it has in memory")

MIB = 1024 * 1024


def put(folder: Path, content: bytes) -> Path:
    """Return a new file in *folder*; just written, it is in memory."""
    path = folder / str(new_id())
    path.write_bytes(content)
    return path


async def read_all(store: DiskStore, content: bytes, folder: Path) -> memoryview | None:
    """Store *content*, read it to its end, and return what the page cache gives then."""
    blob_id = new_id()
    await store.put_file(blob_id, put(folder, content))
    before = store.read_page_cache(blob_id)
    async with store.open(blob_id) as blob:
        assert b"".join([chunk async for chunk in blob.chunks]) == content
    assert before is None
    return store.read_page_cache(blob_id)


@pytest.mark.parametrize("size", [0, 1, MIB])
async def test_what_was_read_is_cached(tmp_path: Path, size: int) -> None:
    """A blob that was read once is had without waiting; one that was not, is not."""
    content = os.urandom(size)
    async with open_disk_store(tmp_path / "blobs") as store:
        cached = await read_all(store, content, tmp_path)

    assert cached is not None
    assert bytes(cached) == content


async def test_a_large_blob_is_never_cached(tmp_path: Path) -> None:
    """To copy it would keep all other requests waiting."""
    async with open_disk_store(tmp_path / "blobs") as store:
        cached = await read_all(store, bytes(MIB + 1), tmp_path)

    assert cached is None


def test_a_file_is_read_as_it_is_now(tmp_path: Path) -> None:
    """Replaced, it is the new one; grown too large or deleted, it is not found any more."""
    files, blob_id, path = PageCacheReader(tmp_path), new_id(), put(tmp_path, b"old")
    files.note(blob_id, path, 3)

    path.write_bytes(b"new one")
    replaced = files.read(blob_id)
    path.write_bytes(bytes(MIB + 1))
    grown = files.read(blob_id)
    files.note(blob_id, path, 3)
    path.unlink()
    deleted = files.read(blob_id)

    assert replaced is not None
    assert bytes(replaced) == b"new one"
    assert (grown, deleted) == (None, None)


def test_what_is_not_in_memory_is_left_to_a_thread(tmp_path: Path) -> None:
    """A file whose bytes only the disk has is not waited for."""
    files, blob_id, path = PageCacheReader(tmp_path), new_id(), put(tmp_path, os.urandom(MIB))
    files.note(blob_id, path, MIB)
    forget(path)

    cached = files.read(blob_id)

    assert cached is None


def test_other_machines_are_not_waited_for() -> None:
    """On another machine's file system nothing is read from the page cache: opening a file may hang there."""
    files, blob_id = PageCacheReader(Path("/proc")), new_id()
    files.note(blob_id, Path("/proc/version"), 100)

    cached = files.read(blob_id)

    assert cached is None


def forget(path: Path) -> None:
    """Have the kernel drop the bytes of *path* from its memory."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
