"""Takes uploads and jobs in: checked first, then stored, all or nothing."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog

from common import metrics
from common.blob_store import BlobStore, BlobStoreUnavailableError
from common.crash_points import CrashPoint, reached
from common.events import RequestedTask
from common.ids import new_id
from common.options import VariantOptions
from common.settings.groups import LimitsSettings
from ingest_api.admission import Admission
from ingest_api.header import ImageHeader, check_limits, read_header
from ingest_api.idempotency import Once, once
from ingest_api.job_store import ImageUnknownError, JobRecord, JobStore, KeyTakenError, StoredImage
from ingest_api.jobs import Job
from ingest_api.messages import Messages
from ingest_api.names import safe_name
from ingest_api.receiving import ReceivedFile

log = structlog.get_logger()


class TooManyTasksError(Exception):
    """A job asks for more variants than the limit."""

    def __init__(self, limit: int, *, found: int) -> None:
        super().__init__(f"options: a job may have {limit} tasks at most, this one has {found}")


@dataclass(frozen=True, slots=True)
class Intake:
    """The two use cases that accept something from a client."""

    jobs: JobStore
    blobs: BlobStore
    messages: Messages
    limits: LimitsSettings
    admission: Admission
    clock: Callable[[], datetime]
    wake_relay: Callable[[], None]

    async def store_originals(self, files: Sequence[ReceivedFile], *, key: str | None = None) -> list[StoredImage]:
        """Store *files* and return their images in the same order; asked again under the same *key*, return the first.

        Raises `UploadRefusedError` before anything is stored when one of them is no image we take, or beyond
        a limit, and `KeyReusedError`. What fails before the commit takes back what was stored.
        """
        parts = [part for file in files for part in (file.name or "", file.digest.hexdigest())]
        asked = once("uploadImages", key, parts)
        if asked and (first := await self._images_made_under(asked)):
            return first
        headers = [await asyncio.to_thread(self._checked_header, file) for file in files]
        images = [self._image(file, header) for file, header in zip(files, headers, strict=True)]
        await self._put_all(images, files)
        reached(CrashPoint.ORIGINAL_STORED_NOT_COMMITTED)
        try:
            # A commit whose answer is lost may stand: its blobs stay, for gc to remove if it does not.
            await self.jobs.add_originals(images, once=asked)
        except KeyTakenError:
            await self._take_back(images)
            return await self.store_originals(files, key=key)
        for image in images:
            metrics.UPLOADED_BYTES.labels(image.format).inc(image.byte_size)
        log.info("originals stored", ids=[str(image.id) for image in images])
        return images

    async def accept_job(
        self, original_id: UUID, options: Sequence[VariantOptions], *, key: str | None = None
    ) -> JobRecord:
        """Commit a job and the event that asks for it; asked again under the same *key*, return the first as it began.

        Raises `OverloadedError`, `TooManyTasksError`, `ImageUnknownError` or `KeyReusedError`.
        """
        self.admission.check_job()
        if len(options) > self.limits.tasks:
            raise TooManyTasksError(self.limits.tasks, found=len(options))
        asked = once("createJob", key, [str(original_id), *(option.model_dump_json() for option in options)])
        if asked and (first := await self._job_made_under(asked)):
            return first
        original = await self.jobs.find_image(original_id)
        if original is None:
            raise ImageUnknownError(original_id)
        at = self.clock()
        record = JobRecord(
            job=Job(id=new_id()),
            original=original,
            tasks=tuple(_task(option.resolved_for(original.format)) for option in options),
            created_at=at,
        )
        try:
            await self.jobs.add_job(record, self.messages.job_requested(record, at=at), once=asked)
        except KeyTakenError:
            return await self.accept_job(original_id, options, key=key)
        reached(CrashPoint.JOB_COMMITTED_NOT_ANSWERED)
        self.wake_relay()
        metrics.JOBS_ACCEPTED.inc()
        log.info("job accepted", job_id=str(record.job.id), tasks=len(record.tasks))
        return record

    async def _put_all(self, images: Sequence[StoredImage], files: Sequence[ReceivedFile]) -> None:
        try:
            for image, file in zip(images, files, strict=True):
                await self.blobs.put_file(image.id, file.path)
        except BaseException:  # also when the client hangs up
            await asyncio.shield(self._take_back(images))
            raise

    async def _images_made_under(self, asked: Once) -> list[StoredImage] | None:
        ids = await self.jobs.made_under(asked)
        found = [await self.jobs.find_image(image_id) for image_id in ids or []]
        return [image for image in found if image] or None

    async def _job_made_under(self, asked: Once) -> JobRecord | None:
        ids = await self.jobs.made_under(asked)
        record = await self.jobs.find_job(ids[0]) if ids else None
        return replace(record, job=Job(id=record.job.id)) if record else None

    def _checked_header(self, file: ReceivedFile) -> ImageHeader:
        header = read_header(file.path)
        check_limits(header, self.limits)
        return header

    def _image(self, file: ReceivedFile, header: ImageHeader) -> StoredImage:
        return StoredImage(
            id=new_id(),
            original_name=safe_name(file.name),
            format=header.format,
            width=header.width,
            height=header.height,
            byte_size=file.byte_size,
            created_at=self.clock(),
        )

    async def _take_back(self, images: Sequence[StoredImage]) -> None:
        for image in images:
            try:
                await self.blobs.delete(image.id)
            except BlobStoreUnavailableError as exc:
                log.warning("orphaned blob left behind", image_id=str(image.id), error=str(exc))


def _task(options: VariantOptions) -> RequestedTask:
    return RequestedTask(id=new_id(), variant_id=new_id(), options=options)
