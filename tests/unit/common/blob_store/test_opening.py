"""The settings choose the store."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from common.blob_store import BlobStoreUnavailableError
from common.blob_store.opening import open_blob_store
from common.settings.groups import BlobSettings, BlobType
from common.settings.loading import SettingsError
from common.settings.model import Settings


async def test_disk_opens_in_the_folder_named(tmp_path: Path) -> None:
    """A disk store makes the folder it is given and works in it."""
    settings = Settings(blob=BlobSettings(type=BlobType.DISK, disk_path=tmp_path / "new" / "blobs"))

    async with open_blob_store(settings) as store:
        await store.check()

    assert store.work_dir.is_relative_to(tmp_path / "new" / "blobs")


async def test_s3_opens_while_its_server_is_away() -> None:
    """A service starts while S3 is away; what it then asks of S3 fails with a sentence."""
    settings = Settings(
        blob=BlobSettings(
            type=BlobType.S3,
            bucket="images",
            region="us-east-1",
            endpoint="http://127.0.0.1:9",
            access_key_id="key",
            secret_access_key=SecretStr("secret"),
        )
    )

    async with open_blob_store(settings) as store:
        with pytest.raises(
            BlobStoreUnavailableError, match=r"s3://images at http://127\.0\.0\.1:9: it cannot be reached"
        ):
            await store.check()


async def test_memory_is_not_a_store() -> None:
    """Memory is told to be what `icecube up` provides, by the setting's name."""
    settings = Settings(blob=BlobSettings(type=BlobType.MEMORY))

    with pytest.raises(SettingsError, match=r"ICECUBE_BLOB_TYPE.*icecube up"):
        async with open_blob_store(settings):
            pass
