"""The room that uploads leave on their disk."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.types import Message

from common.settings.groups import LimitsSettings
from ingest_api.uploads.folder import DiskFullError, UploadFolder
from ingest_api.uploads.receiving import receive_form

MIB = 1024 * 1024
HEAD = b'--b\r\ncontent-disposition: form-data; name="file"\r\n\r\n'


def small_disk(path: Path) -> UploadFolder:
    """Return a folder on a disk of 8 MiB, 2 of which must stay free."""
    return UploadFolder(path, free_mb=2, free_bytes=lambda folder: 8 * MIB - used(folder))


def used(folder: Path) -> int:
    """Return how many bytes the files in *folder* have; those that are removed meanwhile do not count.

    What one file gave back may be another's by then: counting both would find more than there ever was.
    """
    sizes = {}
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            sizes[file] = file.stat().st_size
    return sum(size for file, size in sizes.items() if file.exists())


def upload(mebibytes: int) -> Request:
    """Return a request that uploads one file of so many mebibytes."""
    chunks = [HEAD, *[bytes(MIB)] * mebibytes, b"\r\n--b--\r\n"]

    async def receive() -> Message:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def test_room_is_held_while_it_is_written_to(tmp_path: Path) -> None:
    """What another upload is writing just now counts as gone, and is there again when it has been written."""
    folder = small_disk(tmp_path)

    with folder.room_for(4 * MIB):
        with folder.room_for(2 * MIB):
            pass
        with pytest.raises(DiskFullError), folder.room_for(2 * MIB + 1):
            pass
    with folder.room_for(6 * MIB):
        pass


async def test_uploads_side_by_side_leave_the_disk_its_room(tmp_path: Path) -> None:
    """Uploads that would each fit alone are refused as soon as they do not together, and give back what they took."""
    folder, most, decided = small_disk(tmp_path), 0, asyncio.Barrier(4)

    async def take() -> bool:
        nonlocal most
        try:
            async with receive_form(upload(4), LimitsSettings(), folder):
                most = max(most, used(tmp_path))
                await decided.wait()  # holds its room until the last one knows
                return True
        except DiskFullError:
            await decided.wait()
            return False

    async with asyncio.timeout(60):
        taken = await asyncio.gather(*(take() for _ in range(4)))

    assert taken.count(True) <= 1
    assert most <= 6 * MIB
    assert used(tmp_path) == 0
    async with receive_form(upload(4), LimitsSettings(), folder):
        assert used(tmp_path) >= 4 * MIB
