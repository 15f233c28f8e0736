"""Accepts uploads: checks them first, then stores all or nothing."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from common import metrics
from common.blob_store import BlobStore, BlobStoreUnavailableError
from common.blob_store.comparing import holds
from common.blob_store.disk_errors import disk_errors
from common.failpoints import Failpoint, fail_at
from common.ids import new_id
from common.options.tasks import canonical_json
from common.settings.groups import LimitsSettings
from ingest_api.domain.idempotency import FirstAnswerGoneError, IdempotencyKey, idempotency_key
from ingest_api.domain.tags import NO_TAGS, Tags
from ingest_api.job_store import JobStore, KeyTakenError, StoredImage
from ingest_api.uploads.header import ImageHeader, UploadRefusedError, check_limits, read_header
from ingest_api.uploads.names import kept_name, safe_name
from ingest_api.uploads.receiving import ReceivedFile

log = structlog.get_logger(__name__)


class _IdTakenError(Exception):
    """A foreign blob is stored under an id that was just assigned."""

    def __init__(self, image_id: UUID) -> None:
        super().__init__(f"another blob stands under the new id {image_id}")
        self.image_id = image_id


@dataclass(frozen=True, slots=True)
class OriginalIntake:
    """The use case of an upload."""

    jobs: JobStore
    blobs: BlobStore
    limits: LimitsSettings
    clock: Callable[[], datetime]

    async def store(
        self,
        files: Sequence[ReceivedFile],
        *,
        owner: str,
        key: str | None = None,
        tags: Tags = NO_TAGS,
        expires_in_seconds: int | None = None,
    ) -> list[StoredImage]:
        """Store *files* for *owner*, each with *tags*, and return their images in the same order.

        For a repeated *key*, return the first.

        Raises `UploadRefusedError` before anything is stored when one of them is no image we take, or beyond
        a limit, `KeyReusedError`, `FirstAnswerGoneError`, and `BlobStoreUnavailableError`, also when a received file
        went with its volume.
        What fails before the commit takes back what was stored.
        """
        parts = [part for file in files for part in (file.name or "", file.digest.hexdigest())]
        parts += [canonical_json(dict(tags))] if tags else []
        parts += [f"expires {expires_in_seconds}"] if expires_in_seconds else []
        asked = idempotency_key("uploadImages", key, parts)
        if asked and (first := await self._find_earlier_images(asked)):
            return first
        with disk_errors(self.blobs.work_dir):
            headers = [await asyncio.to_thread(self._check_header, file) for file in files]
            made = [self._image(file, header, owner, tags) for file, header in zip(files, headers, strict=True)]
            images = [replace(image, expires_at=_after(image.created_at, expires_in_seconds)) for image in made]
            await self._put_all(images, files)
        fail_at(Failpoint.ORIGINAL_STORED_NOT_COMMITTED)
        try:
            # A commit whose answer was lost may have succeeded: keep its blobs; gc removes them if it failed.
            await self.jobs.add_originals(images, key=asked)
        except KeyTakenError:
            await self._take_back(images)
            return await self.store(files, owner=owner, key=key, tags=tags, expires_in_seconds=expires_in_seconds)
        for image in images:
            metrics.UPLOADED_BYTES.labels(image.format).inc(image.byte_size)
        log.info("originals stored", ids=[str(image.id) for image in images])
        return images

    async def _put_all(self, images: Sequence[StoredImage], files: Sequence[ReceivedFile]) -> None:
        try:
            for image, file in zip(images, files, strict=True):
                await self._put(image, file)
        except _IdTakenError as exc:
            await asyncio.shield(self._take_back([image for image in images if image.id != exc.image_id]))
            raise
        except BaseException:  # also when the client hangs up
            await asyncio.shield(self._take_back(images))
            raise

    async def _put(self, image: StoredImage, file: ReceivedFile) -> None:
        is_stored = await self.blobs.put_file(image.id, file.path)
        # After a lost answer, S3 says on a retry that the object exists: it is ours.
        if not is_stored and not await holds(self.blobs, image.id, file.path):
            raise _IdTakenError(image.id)

    async def _find_earlier_images(self, asked: IdempotencyKey) -> list[StoredImage] | None:
        ids = await self.jobs.find_by_idempotency_key(asked)
        found = [await self.jobs.find_image(image_id) for image_id in ids or []]
        images = [image for image in found if image]
        if len(images) < len(found):
            raise FirstAnswerGoneError
        return images or None

    def _check_header(self, file: ReceivedFile) -> ImageHeader:
        try:
            header = read_header(file.path)
            check_limits(header, self.limits)
        except UploadRefusedError as exc:
            message = f"{file}: {exc}"
            raise type(exc)(message) from exc
        return header

    def _image(self, file: ReceivedFile, header: ImageHeader, owner: str, tags: Tags) -> StoredImage:
        return StoredImage(
            id=new_id(),
            original_name=safe_name(file.name),
            sent_name=kept_name(file.name),
            format=header.format,
            width=header.width,
            height=header.height,
            byte_size=file.byte_size,
            created_at=self.clock(),
            sha256=file.digest.digest(),
            owner=owner,
            tags=tags,
        )

    async def _take_back(self, images: Sequence[StoredImage]) -> None:
        for image in images:
            try:
                await self.blobs.delete(image.id)
            except BlobStoreUnavailableError as exc:
                log.warning("orphaned blob left behind", image_id=str(image.id), error=str(exc))


def _after(moment: datetime, seconds: int | None) -> datetime | None:
    return moment + timedelta(seconds=seconds) if seconds else None
