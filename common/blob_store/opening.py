"""Opens the blob store that the settings name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import assert_never

from common.blob_store import BlobStore
from common.settings.groups import BlobType
from common.settings.loading import SettingsError
from common.settings.model import Settings


@asynccontextmanager
async def open_blob_store(settings: Settings) -> AsyncIterator[BlobStore]:
    """Yield the store that *settings* name, unchecked: a store that is away does not prevent a start.

    Raises `SettingsError` for blob.type memory, which `icecube up` replaces by a disk store in RAM.
    """
    match settings.blob.type:
        case BlobType.MEMORY:
            message = "blob.type (ICECUBE_BLOB_TYPE): memory is provided by `icecube up` only; use disk or s3"
            raise SettingsError(message)
        case BlobType.DISK:
            # Imported here: aiobotocore takes half a second that a disk store need not wait for.
            from common.blob_store.disk import open_disk_store  # noqa: PLC0415 - see above

            async with open_disk_store(settings.blob_folder) as disk:
                yield disk
        case BlobType.S3:
            from common.blob_store.s3 import open_s3_store  # noqa: PLC0415 - see above

            async with open_s3_store(settings.blob) as s3:
                yield s3
        case _:
            assert_never(settings.blob.type)
