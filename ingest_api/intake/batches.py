"""Accepts batches: commits many jobs and their requests together, or none."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from common import metrics
from common.failpoints import Failpoint, fail_at
from common.ids import new_id
from common.options.geometry import CropOutsideError
from common.options.tasks import canonical_json
from ingest_api.domain.batch import Batch
from ingest_api.domain.caller import Caller
from ingest_api.domain.idempotency import IdempotencyKey, idempotency_key
from ingest_api.domain.tags import Tags
from ingest_api.intake.job_request import JobRequest
from ingest_api.intake.jobs import JobIntake
from ingest_api.job_store import ImageUnknownError, JobRecord, KeyTakenError, StoredImage
from ingest_api.job_store.batches import PostgresBatches
from ingest_api.job_store.new_jobs import NewJob

log = structlog.get_logger(__name__)


class BatchOriginalUnknownError(ImageUnknownError):
    """A job of a batch names no image; the message says which."""

    def __init__(self, image_id: UUID, *, place: int) -> None:
        super().__init__(image_id)
        self.place = place

    def __str__(self) -> str:
        """Name the field."""
        return f"jobs[{self.place}].originalID: Image not found"


@dataclass(frozen=True, slots=True)
class BatchIntake:
    """The use case of a request for many jobs."""

    jobs: JobIntake
    batches: PostgresBatches

    async def accept(
        self, requests: Sequence[JobRequest], *, tags: Tags, caller: Caller, key: str | None = None
    ) -> Batch:
        """Commit a batch of *caller*'s owner with all its jobs; for a repeated *key*, return the first as it is.

        Raises `TooManyTasksError`, `BatchOriginalUnknownError`, `CropOutsideError` or `KeyReusedError`, each before
        anything is stored. Each job belongs to the owner of its original.
        """
        for place, request in enumerate(requests):
            request.check_tasks(self.jobs.limits.tasks, place=f"jobs[{place}].options")
        return await self._accept(requests, tags, caller, _key_of(requests, tags, key))

    async def _accept(
        self, requests: Sequence[JobRequest], tags: Tags, caller: Caller, key: IdempotencyKey | None
    ) -> Batch:
        if key and (first := await self._find_earlier(key)):
            return first
        at = self.jobs.clock()
        batch = Batch(id=new_id(), owner=caller.owner, total=len(requests), tags=tags, created_at=at)
        originals = await self.batches.find_originals({request.original_id for request in requests})
        _check_originals(requests, originals, caller)
        records = await asyncio.gather(
            *(self._record(place, request, originals, batch.id, at) for place, request in enumerate(requests))
        )
        try:
            await self.batches.add(batch, [self._new(record, at) for record in records], key=key)
        except KeyTakenError:
            return await self._accept(requests, tags, caller, key)
        except ImageUnknownError as exc:  # deleted since it was found
            raise _unknown(requests, exc.image_id) from exc
        fail_at(Failpoint.BATCH_COMMITTED_NOT_ANSWERED)
        self.jobs.wake_relay()
        metrics.JOBS_ACCEPTED.inc(batch.total)
        log.info("batch accepted", batch_id=str(batch.id), jobs=batch.total)
        return batch

    def _new(self, record: JobRecord, at: datetime) -> NewJob:
        return NewJob(record, self.jobs.messages.job_requested(record, at=at))

    async def _record(
        self, place: int, request: JobRequest, originals: Mapping[UUID, StoredImage], batch_id: UUID, at: datetime
    ) -> JobRecord:
        try:
            return await self.jobs.record_of(request, originals[request.original_id], at=at, batch_id=batch_id)
        except CropOutsideError as exc:
            message = f"jobs[{place}].{exc}"
            raise CropOutsideError(message) from exc

    async def _find_earlier(self, key: IdempotencyKey) -> Batch | None:
        ids = await self.jobs.jobs.find_by_idempotency_key(key)
        return await self.batches.find(ids[0]) if ids else None


def _check_originals(requests: Sequence[JobRequest], originals: Mapping[UUID, StoredImage], caller: Caller) -> None:
    for request in requests:
        original = originals.get(request.original_id)
        if original is None or not caller.sees(original.owner):
            raise _unknown(requests, request.original_id)


def _unknown(requests: Sequence[JobRequest], image_id: UUID) -> BatchOriginalUnknownError:
    place = [request.original_id for request in requests].index(image_id)
    return BatchOriginalUnknownError(image_id, place=place)


def _key_of(requests: Sequence[JobRequest], tags: Tags, key: str | None) -> IdempotencyKey | None:
    asked = [canonical_json([*request.parts()]) for request in requests]
    return idempotency_key("createBatch", key, [*asked, *([f"tags {canonical_json(dict(tags))}"] if tags else [])])
