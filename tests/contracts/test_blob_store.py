"""The rules of the blob store's port, on every adapter."""

import asyncio
import hashlib
import os
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from pydantic import SecretStr

from common.blob_store import BlobNotFoundError, BlobStore
from common.blob_store.disk import open_disk_store
from common.blob_store.s3 import open_s3_store
from common.ids import new_id
from common.settings.groups import BlobSettings, BlobType
from deploy.local.folders.ram_folder import ram, ram_folder
from tests.services.s3 import S3Server

MIB = 1024 * 1024


@pytest.fixture(params=["disk", "memory", "s3"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BlobStore]:
    """Yield a store of each kind; S3 is a real server, memory what `icecube up` makes of it."""
    if request.param == "disk":
        async with open_disk_store(tmp_path / "blobs") as disk:
            yield disk
    elif request.param == "memory":
        with ram_folder(ram()) as folder:
            async with open_disk_store(folder / "images") as memory:
                yield memory
    else:
        server = cast("S3Server", request.getfixturevalue("s3_server"))
        async with open_s3_store(s3_settings(server)) as s3:
            yield s3


def s3_settings(server: S3Server) -> BlobSettings:
    """Return the settings that reach *server*."""
    return BlobSettings(
        type=BlobType.S3,
        bucket=server.bucket,
        region=server.region,
        endpoint=server.endpoint,
        access_key_id=server.access_key_id,
        secret_access_key=SecretStr(server.secret_access_key),
    )


def a_file(folder: Path, content: bytes) -> Path:
    """Return a new file in *folder* with *content*."""
    path = folder / f"{new_id()}.upload"
    path.write_bytes(content)
    return path


async def content_of(store: BlobStore, blob_id: UUID, *, start: int = 0, length: int | None = None) -> bytes:
    """Return what *store* reads back."""
    async with store.open(blob_id, start=start, length=length) as blob:
        return b"".join([chunk async for chunk in blob.chunks])


@pytest.mark.parametrize("size", [0, 1, MIB + 1, 9 * MIB])
async def test_what_is_put_is_read_back(store: BlobStore, tmp_path: Path, size: int) -> None:
    """Any content comes back as it was, with its size: empty, small, and large enough for several parts."""
    blob_id, content = new_id(), os.urandom(size)
    await store.put_file(blob_id, a_file(tmp_path, content))

    async with store.open(blob_id) as blob:
        read = b"".join([chunk async for chunk in blob.chunks])

    assert blob.byte_size == size
    assert read == content


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [(0, 4, b"0123"), (3, 4, b"3456"), (7, None, b"789"), (8, 100, b"89"), (4, 0, b""), (10, None, b""), (99, 5, b"")],
)
async def test_a_part_can_be_read(
    store: BlobStore, tmp_path: Path, start: int, length: int | None, expected: bytes
) -> None:
    """A part is what was asked for and exists; the size is always the whole blob's."""
    blob_id = new_id()
    await store.put_file(blob_id, a_file(tmp_path, b"0123456789"))

    async with store.open(blob_id, start=start, length=length) as blob:
        read = b"".join([chunk async for chunk in blob.chunks])

    assert read == expected
    assert blob.byte_size == 10


async def test_a_part_of_an_empty_blob_is_empty(store: BlobStore, tmp_path: Path) -> None:
    """Asking an empty blob for bytes is no error."""
    blob_id = new_id()
    await store.put_file(blob_id, a_file(tmp_path, b""))

    async with store.open(blob_id, start=2, length=3) as blob:
        read = b"".join([chunk async for chunk in blob.chunks])

    assert (read, blob.byte_size) == (b"", 0)


@pytest.mark.parametrize("size", [1, 9 * MIB])
async def test_what_stands_is_never_changed(store: BlobStore, tmp_path: Path, size: int) -> None:
    """The first who puts an id is told that it is stored; whoever comes later is told that it was there."""
    blob_id, first, later = new_id(), b"f" * size, b"l" * (size + 1)
    work_file = store.work_dir / "later"
    work_file.write_bytes(later)

    stored = [await store.put_file(blob_id, a_file(tmp_path, content)) for content in (first, later, first)]
    stored.append(await store.put_file(blob_id, work_file))

    assert stored == [True, False, False, False]
    assert await content_of(store, blob_id) == first
    assert work_file.read_bytes() == later
    work_file.unlink()
    assert list(store.work_dir.iterdir()) == []


async def test_a_deleted_id_can_be_put_again(store: BlobStore, tmp_path: Path) -> None:
    """What an upload took back in vain, or gc removed, stands in nobody's way."""
    blob_id = new_id()
    await store.put_file(blob_id, a_file(tmp_path, b"first"))
    await store.delete(blob_id)

    assert await store.put_file(blob_id, a_file(tmp_path, b"second"))
    assert await content_of(store, blob_id) == b"second"


async def test_of_concurrent_puts_one_is_stored_whole(store: BlobStore, tmp_path: Path) -> None:
    """Of writers of one id at the same time one is told that it is stored, and its blob stands, never a mixture."""
    blob_id, contents = new_id(), [bytes([letter]) * (2 * MIB) for letter in b"abcdef"]

    stored = await asyncio.gather(*(store.put_file(blob_id, a_file(tmp_path, content)) for content in contents))

    assert sorted(stored) == [False] * 5 + [True]
    assert await content_of(store, blob_id) == contents[stored.index(True)]


async def test_a_missing_blob_is_not_found(store: BlobStore) -> None:
    """Every way of reading what is not there names the id."""
    blob_id = new_id()

    with pytest.raises(BlobNotFoundError) as opening:
        await content_of(store, blob_id)
    with pytest.raises(BlobNotFoundError):
        await content_of(store, blob_id, start=5, length=0)
    with pytest.raises(BlobNotFoundError):
        async with store.local_file(blob_id):
            pass

    assert opening.value.blob_id == blob_id
    assert not await store.exists(blob_id)


async def test_deleting_twice_is_fine(store: BlobStore, tmp_path: Path) -> None:
    """A deleted blob is gone, and deleting it again is no error."""
    blob_id = new_id()
    await store.put_file(blob_id, a_file(tmp_path, b"x"))
    existed = await store.exists(blob_id)

    await store.delete(blob_id)
    await store.delete(blob_id)

    assert existed
    assert not await store.exists(blob_id)


async def test_a_local_file_holds_the_whole_blob(store: BlobStore, tmp_path: Path) -> None:
    """A program that needs a path gets one with every byte."""
    blob_id, content = new_id(), os.urandom(3 * MIB)
    await store.put_file(blob_id, a_file(tmp_path, content))

    async with store.local_file(blob_id) as path:
        read = path.read_bytes()

    assert read == content
    assert list(store.work_dir.iterdir()) == []


async def test_a_file_outside_the_work_folder_stays(store: BlobStore, tmp_path: Path) -> None:
    """Only files in the work folder may be consumed; anyone else's file is copied."""
    path = a_file(tmp_path, b"mine")

    await store.put_file(new_id(), path)

    assert path.read_bytes() == b"mine"


async def test_a_file_in_the_work_folder_is_consumed(store: BlobStore) -> None:
    """What has been stored leaves nothing to be removed."""
    path = store.work_dir / "upload"
    path.write_bytes(b"x")

    await store.put_file(new_id(), path)

    assert list(store.work_dir.iterdir()) == []


async def test_a_file_that_is_not_there_cannot_be_put(store: BlobStore, tmp_path: Path) -> None:
    """The caller's mistake is told as such, not as a store that is away."""
    blob_id = new_id()

    with pytest.raises(FileNotFoundError):
        await store.put_file(blob_id, tmp_path / "nothing")

    assert not await store.exists(blob_id)


async def test_a_copy_stands_on_its_own(store: BlobStore, tmp_path: Path) -> None:
    """A copy holds the same bytes, made once or twice, and keeps them when its source is deleted and another."""
    source_id, copy_id, content = new_id(), new_id(), os.urandom(MIB)
    await store.put_file(source_id, a_file(tmp_path, content))

    copied = [await store.copy(source_id, copy_id), await store.copy(source_id, copy_id)]
    await store.delete(source_id)
    await store.put_file(source_id, a_file(tmp_path, b"another"))

    assert copied == [True, False]
    assert await content_of(store, copy_id) == content
    assert list(store.work_dir.iterdir()) == []


async def test_a_copy_changes_nothing_that_stands(store: BlobStore, tmp_path: Path) -> None:
    """An id that another blob has is left as it is, whoever copies to it, at once or later."""
    sources, copy_id, contents = [new_id() for _ in range(4)], new_id(), [bytes([n]) * 9 for n in range(4)]
    for source_id, content in zip(sources, contents, strict=True):
        await store.put_file(source_id, a_file(tmp_path, content))

    copied = await asyncio.gather(*(store.copy(source_id, copy_id) for source_id in sources))

    assert sorted(copied) == [False] * 3 + [True]
    assert await content_of(store, copy_id) == contents[copied.index(True)]
    assert not await store.copy(sources[0], sources[1])
    assert await content_of(store, sources[1]) == contents[1]
    assert list(store.work_dir.iterdir()) == []


async def test_a_copy_of_nothing_is_not_found(store: BlobStore) -> None:
    """A source that is not there is named, and nothing is stored."""
    source_id, copy_id = new_id(), new_id()

    with pytest.raises(BlobNotFoundError) as copying:
        await store.copy(source_id, copy_id)

    assert copying.value.blob_id == source_id
    assert not await store.exists(copy_id)


@pytest.mark.parametrize("yields", range(8))
async def test_a_cancelled_put_changes_nothing_or_everything(store: BlobStore, tmp_path: Path, yields: int) -> None:
    """However far a put had come when it was cancelled, the blob is whole or absent, and nothing is left."""
    blob_id, content = new_id(), os.urandom(20 * MIB)
    putting = asyncio.ensure_future(store.put_file(blob_id, a_file(tmp_path, content)))
    for _ in range(yields**3):
        await asyncio.sleep(0)

    putting.cancel()
    await asyncio.wait([putting])

    if await store.exists(blob_id) or not putting.cancelled():
        assert await content_of(store, blob_id) == content
    assert list(store.work_dir.iterdir()) == []


async def test_a_large_blob_passes_in_bounded_memory(store: BlobStore, tmp_path: Path) -> None:
    """40 MiB are written and read with a fraction of that in memory."""
    blob_id, path, digest = new_id(), tmp_path / "large", hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(40):
            chunk = os.urandom(MIB)
            digest.update(chunk)
            file.write(chunk)
    read = hashlib.sha256()

    tracemalloc.start()
    await store.put_file(blob_id, path)
    async with store.open(blob_id) as blob:
        async for chunk in blob.chunks:
            read.update(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert read.digest() == digest.digest()
    assert peak < 30 * MIB


async def test_a_working_store_passes_its_check_and_keeps_no_probe(store: BlobStore) -> None:
    """The check of a store in order is silent and leaves nothing in the work folder."""
    await store.check()

    assert list(store.work_dir.iterdir()) == []


async def test_old_blobs_are_found_and_new_ones_left_out(store: BlobStore, tmp_path: Path) -> None:
    """Whoever looks for leftovers sees what was written before a moment, and nothing later."""
    blob_id = new_id()
    await store.put_file(blob_id, a_file(tmp_path, b"x"))

    old = [found async for found in store.list_older_than(datetime.now(UTC) + timedelta(minutes=1))]
    none = [found async for found in store.list_older_than(datetime.now(UTC) - timedelta(hours=1))]

    assert blob_id in old
    assert blob_id not in none
