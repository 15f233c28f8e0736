"""What becomes of uploads where something stands in their way."""

from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from common.blob_store.disk import DiskStore
from common.settings.groups import LimitsSettings
from ingest_api.intake.originals import OriginalIntake
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.uploads.receiving import ReceivedFile
from tests.factories import images
from tests.factories.jobs import NOON


class CrowdedStore(DiskStore):
    """A store in which, from the second id on, another blob stands already: *found* under which ids."""

    def __init__(self, folder: Path, other: bytes | None) -> None:
        super().__init__(folder)
        self.prepare()
        self.other = other
        self.ids: list[UUID] = []

    async def put_file(self, blob_id: UUID, path: Path) -> bool:
        """Put the file twice, or after the other blob; say what the second put says."""
        self.ids.append(blob_id)
        if len(self.ids) > 1:
            first = self.work_dir / "first"
            first.write_bytes(path.read_bytes() if self.other is None else self.other)  # noqa: ASYNC240 - a small file
            await super().put_file(blob_id, first)
        return await super().put_file(blob_id, path)


def uploads(folder: Path) -> list[ReceivedFile]:
    """Return two received photos."""
    content = images.photo()
    paths = [folder / "one", folder / "two"]
    for path in paths:
        path.write_bytes(content)
    return [ReceivedFile("a.jpg", path, len(content), sha256(content)) for path in paths]


async def test_an_upload_never_touches_a_blob_that_stands(jobs: PostgresJobStore, tmp_path: Path) -> None:
    """It fails, takes back what it has stored itself, and leaves the other's blob as it was."""
    blobs = CrowdedStore(tmp_path / "blobs", b"another's")
    intake = OriginalIntake(jobs, blobs, LimitsSettings(), lambda: NOON)

    with pytest.raises(Exception, match="another blob stands"):
        await intake.store(uploads(tmp_path), owner="anybody")

    ours, others = blobs.ids
    assert not await blobs.exists(ours)
    async with blobs.open(others) as blob:
        assert b"".join([chunk async for chunk in blob.chunks]) == b"another's"


async def test_an_upload_that_is_there_already_is_its_own(jobs: PostgresJobStore, tmp_path: Path) -> None:
    """Asked again after an answer that was lost, S3 says that the object exists: that is no failure."""
    intake = OriginalIntake(jobs, CrowdedStore(tmp_path / "blobs", None), LimitsSettings(), lambda: NOON)

    stored = await intake.store(uploads(tmp_path), owner="anybody")

    assert [await jobs.find_image(image.id) for image in stored] == stored
