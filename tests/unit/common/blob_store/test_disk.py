"""What the disk store promises beyond the port."""

import asyncio
import errno
import gc
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common.blob_store import BlobNotFoundError, BlobStoreUnavailableError
from common.blob_store.disk import open_disk_store
from common.blob_store.disk_errors import disk_errors
from common.blob_store.durable_files import link_aside
from common.ids import new_id
from deploy.local.folders.ram_folder import ram, ram_folder

DAY_SECONDS = 24 * 60 * 60
ROOT = Path(__file__).parents[4]


def blobs_in(folder: Path) -> list[Path]:
    """Return every file that stands under a final name."""
    return [path for path in folder.rglob("*") if path.is_file() and "work" not in path.relative_to(folder).parts]


async def test_a_file_in_the_work_folder_is_moved_not_copied(tmp_path: Path) -> None:
    """Storing an upload costs no second copy: the very file becomes the blob."""
    async with open_disk_store(tmp_path) as store:
        upload = store.work_dir / "upload"
        upload.write_bytes(b"pixels")
        inode = upload.stat().st_ino

        await store.put_file(new_id(), upload)

    assert [path.stat().st_ino for path in blobs_in(tmp_path)] == [inode]
    assert not upload.exists()


async def test_a_copy_is_a_second_name_and_counts_as_written_now(tmp_path: Path) -> None:
    """A copy takes no room of its own, and is no leftover of yesterday for whoever looks for those."""
    async with open_disk_store(tmp_path) as store:
        upload, source_id, copy_id = store.work_dir / "upload", new_id(), new_id()
        upload.write_bytes(b"pixels")
        yesterday = time.time() - DAY_SECONDS
        os.utime(upload, (yesterday, yesterday))
        await store.put_file(source_id, upload)

        await store.copy(source_id, copy_id)

        found = [blob async for blob in store.list_older_than(datetime.now(UTC) - timedelta(hours=1))]
    assert len({path.stat().st_ino for path in blobs_in(tmp_path)}) == 1
    assert copy_id not in found


def test_what_cannot_have_a_second_name_is_copied(tmp_path: Path) -> None:
    """A file of another file system, or one that has all the names it may have, is copied byte for byte."""
    with ram_folder(ram()) as elsewhere:
        source = elsewhere / "blob"
        source.write_bytes(b"pixels")

        link = link_aside(source, tmp_path)

        assert link.parent == tmp_path
        assert link.read_bytes() == b"pixels"


async def test_a_private_upload_becomes_readable_by_the_other_service(tmp_path: Path) -> None:
    """Temporary files are private to a user; a blob on a shared volume is not."""
    async with open_disk_store(tmp_path) as store:
        upload = store.work_dir / "upload"
        upload.write_bytes(b"pixels")
        upload.chmod(0o600)

        await store.put_file(new_id(), upload)

    assert [path.stat().st_mode & 0o777 for path in blobs_in(tmp_path)] == [0o644]


async def test_blobs_of_one_moment_spread_over_folders(tmp_path: Path) -> None:
    """Ids that begin alike, as those of one moment do, lie in different folders."""
    source = tmp_path / "source"
    source.write_bytes(b"x")
    async with open_disk_store(tmp_path / "blobs") as store:
        for _ in range(20):
            await store.put_file(new_id(), source)

    assert len({path.parent for path in blobs_in(tmp_path / "blobs")}) > 15


async def test_only_old_litter_is_swept(tmp_path: Path) -> None:
    """Opening removes files and folders that have lain in the work folder for a day, and nothing younger."""
    work_dir = tmp_path / "work"
    (work_dir / "old-folder").mkdir(parents=True)
    for name in ("old", "young", "old-folder/inside"):
        (work_dir / name).write_bytes(b"x")
    for name in ("old", "old-folder"):
        os.utime(work_dir / name, times=(0, time.time() - DAY_SECONDS - 60))
    os.utime(work_dir / "young", times=(0, time.time() - DAY_SECONDS + 600))

    async with open_disk_store(tmp_path):
        left = [entry.name for entry in work_dir.iterdir()]

    assert left == ["young"]


async def test_a_lost_volume_is_not_a_missing_blob(tmp_path: Path) -> None:
    """When the whole folder is gone, the store is away: no blob is said to be missing, or deleted."""
    folder, blob_id = tmp_path / "blobs", new_id()
    source = tmp_path / "source"
    source.write_bytes(b"x")
    async with open_disk_store(folder) as store:
        await store.put_file(blob_id, source)
        folder.rename(tmp_path / "elsewhere")

        with pytest.raises(BlobStoreUnavailableError, match="is the volume mounted"):
            await store.exists(blob_id)
        with pytest.raises(BlobStoreUnavailableError, match="is the volume mounted"):
            async with store.open(blob_id):
                pass
        with pytest.raises(BlobStoreUnavailableError, match="is the volume mounted"):
            await store.delete(blob_id)
        with pytest.raises(BlobStoreUnavailableError):
            await store.check()


async def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    """A store cannot open where a file has its name; the message names the folder."""
    (tmp_path / "blobs").write_bytes(b"")

    with pytest.raises(BlobStoreUnavailableError, match=str(tmp_path / "blobs")):
        async with open_disk_store(tmp_path / "blobs"):
            pass


@pytest.mark.parametrize(
    ("number", "meaning"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "read-only"), (errno.ENOTDIR, "Not a directory")],
)
def test_what_the_system_refuses_is_said_in_words(number: int, meaning: str) -> None:
    """Each refusal becomes a sentence with the folder and what is wrong."""
    with pytest.raises(BlobStoreUnavailableError, match=f"blob store /blobs: .*{meaning}"), disk_errors(Path("/blobs")):
        raise OSError(number, os.strerror(number))


OVER_THE_LIMIT = """
import asyncio, resource, sys
from pathlib import Path
from common.blob_store import BlobStoreUnavailableError
from common.blob_store.disk import open_disk_store
from common.ids import new_id

async def put(folder, source):
    async with open_disk_store(folder) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))
        try:
            await store.put_file(new_id(), source)
        except BlobStoreUnavailableError as exc:
            print(exc)

asyncio.run(put(Path(sys.argv[1]), Path(sys.argv[2])))
"""


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    """When the system refuses to write on, as a full disk does, no part of the blob stays anywhere."""
    source = tmp_path / "source"
    source.write_bytes(bytes(3_000_000))

    command = [sys.executable, "-c", OVER_THE_LIMIT, str(tmp_path / "blobs"), str(source)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT)

    assert "larger than this process may write" in result.stdout
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


CRASHES = """
import asyncio, os, signal, sys
from pathlib import Path
from uuid import UUID
from common.blob_store.disk import open_disk_store
from common.ids import new_id

folder, source, work_name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]

async def put():
    async with open_disk_store(folder) as store:
        upload = source
        if work_name:
            upload = store.work_dir / work_name
            upload.write_bytes(source.read_bytes())
        arm()
        await store.put_file(new_id(), upload)

def arm():
    steps = 0
    def die_at_the_step(event, args):
        nonlocal steps
        if event.startswith(("open", "os.", "shutil.")):
            steps += 1
            if steps == fatal_step:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(die_at_the_step)

fatal_step = 0
while True:
    fatal_step += 1
    child = os.fork()
    if child == 0:
        asyncio.run(put())
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        print(fatal_step, os.waitstatus_to_exitcode(status))
        break
"""


@pytest.mark.parametrize("work_name", ["", "upload"], ids=["copied", "moved"])
def test_a_crash_at_any_step_leaves_no_half_blob(tmp_path: Path, work_name: str) -> None:
    """Killed before each of its file operations in turn, a put leaves whole blobs or none under final names."""
    source, folder = tmp_path / "source", tmp_path / "blobs"
    source.write_bytes(os.urandom(2_500_000))

    command = [sys.executable, "-c", CRASHES, str(folder), str(source), work_name]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT)

    crashes, exit_code = (int(part) for part in result.stdout.split())
    assert crashes > 3
    assert exit_code == 0
    assert blobs_in(folder)
    assert all(path.read_bytes() == source.read_bytes() for path in blobs_in(folder))


async def test_a_blob_deleted_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    """A reader keeps what it has opened; the next one is told that there is none."""
    source, blob_id = tmp_path / "source", new_id()
    source.write_bytes(b"x" * 3_000_000)
    async with open_disk_store(tmp_path / "blobs") as store:
        await store.put_file(blob_id, source)

        async with store.open(blob_id) as blob:
            await store.delete(blob_id)
            read = b"".join([chunk async for chunk in blob.chunks])

        with pytest.raises(BlobNotFoundError):
            async with store.open(blob_id):
                pass
    assert len(read) == 3_000_000


async def test_a_cancelled_copy_ends_before_the_call_does(tmp_path: Path) -> None:
    """When a cancelled put has ended, no thread works on: its part is gone, and no blob appears later."""
    source, blob_id = tmp_path / "sparse", new_id()
    with source.open("wb") as file:
        file.truncate(1024**3)
    async with open_disk_store(tmp_path / "blobs") as store:
        putting = asyncio.ensure_future(store.put_file(blob_id, source))
        while not any(store.work_dir.iterdir()):
            await asyncio.sleep(0)
            assert not putting.done()

        putting.cancel()
        await asyncio.wait([putting])

        assert putting.cancelled()
        assert list(store.work_dir.iterdir()) == []
        assert not await store.exists(blob_id)


async def test_a_cancelled_open_leaves_no_file_open(tmp_path: Path) -> None:
    """A file that a thread opens after its caller has gone is closed, not left to the garbage collector."""
    source, blob_id = tmp_path / "source", new_id()
    source.write_bytes(b"x")
    async with open_disk_store(tmp_path / "blobs") as store:
        await store.put_file(blob_id, source)
        opening = asyncio.ensure_future(store.open(blob_id).__aenter__())
        await asyncio.sleep(0)

        opening.cancel()
        await asyncio.wait([opening])
        await asyncio.get_running_loop().shutdown_default_executor()

    assert opening.cancelled()
    gc.collect()  # an unclosed file would warn now, which fails the test
