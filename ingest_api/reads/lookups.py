"""Finds what a path names. An id that is not a UUID names nothing, nor does one that the caller may not see."""

from uuid import UUID

from ingest_api.domain.batch import Batch
from ingest_api.domain.caller import Caller
from ingest_api.job_store import JobRecord, JobStore, StoredImage
from ingest_api.job_store.batches import PostgresBatches


class ImageNotFoundError(Exception):
    """The path names no image."""


class SigningNotConfiguredError(Exception):
    """No keys to sign URLs are configured."""

    def __init__(self) -> None:
        super().__init__("No keys to sign URLs with are configured (ICECUBE_URL_SIGNING_KEYS).")


class BatchNotFoundError(Exception):
    """The path names no batch."""


class JobNotFoundError(Exception):
    """The path names no job."""


async def find_image(text: str, jobs: JobStore, caller: Caller) -> StoredImage:
    """Return the image whose id is *text*; raise `ImageNotFoundError`, also for another owner's."""
    image = await jobs.find_image(image_id_of(text))
    if image is None or not caller.sees(image.owner):
        raise ImageNotFoundError(text)
    return image


def image_id_of(text: str) -> UUID:
    """Return *text* as an image's id; raise `ImageNotFoundError` if it is none."""
    image_id = _uuid(text)
    if image_id is None:
        raise ImageNotFoundError(text)
    return image_id


async def find_batch(text: str, batches: PostgresBatches, caller: Caller, *, even_deleted: bool = False) -> Batch:
    """Return the batch whose id is *text*; raise `BatchNotFoundError`, also for another owner's."""
    batch_id = _uuid(text)
    batch = await batches.find(batch_id) if batch_id else None
    if batch is None or not caller.sees(batch.owner) or (batch.deleted_at and not even_deleted):
        raise BatchNotFoundError(text)
    return batch


async def find_job(text: str, jobs: JobStore, caller: Caller) -> JobRecord:
    """Return the job whose id is *text*; raise `JobNotFoundError`, also for another owner's."""
    job_id = _uuid(text)
    record = await jobs.find_job(job_id) if job_id else None
    if record is None or not caller.sees(record.original.owner):
        raise JobNotFoundError(text)
    return record


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
