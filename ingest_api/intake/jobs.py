"""Accepts jobs: commits a job and its request together."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog

from common import metrics
from common.events import RequestedTask
from common.failpoints import Failpoint, fail_at
from common.ids import new_id
from common.options.geometry import Crop, CropOutsideError
from common.options.tasks import TaskOptions, UnsupportedOptionError
from common.settings.groups import LimitsSettings
from ingest_api.delivery.reuse import Reuse, reuse_key
from ingest_api.domain.caller import Caller
from ingest_api.domain.idempotency import FirstAnswerGoneError, IdempotencyKey, idempotency_key
from ingest_api.domain.job import Job, JobState
from ingest_api.intake.job_request import JobRequest
from ingest_api.job_store import ImageUnknownError, JobRecord, JobStore, KeyTakenError, StoredImage
from ingest_api.life_cycle.messages import Messages

log = structlog.get_logger(__name__)


RETRYABLE = frozenset({JobState.FAILED, JobState.CANCELLED})
"""The ends after which the same tasks may be asked for again by `JobIntake.retry`."""


class JobNotRetryableError(Exception):
    """The job has not ended, or has all its variants."""

    def __init__(self, job_id: UUID, state: JobState | str) -> None:
        super().__init__(f"Only a failed or cancelled job can be retried; this one is {state}.")
        self.job_id = job_id


@dataclass(frozen=True, slots=True)
class JobIntake:
    """The use case of a request for variants."""

    jobs: JobStore
    messages: Messages
    limits: LimitsSettings
    clock: Callable[[], datetime]
    wake_relay: Callable[[], None] = lambda: None
    reuse: Reuse = Reuse.OWN

    async def accept(self, request: JobRequest, *, caller: Caller, key: str | None = None) -> JobRecord:
        """Commit a job and its request; for a repeated *key*, return the first job as it was created.

        The job belongs to the owner of its original, which *caller* must see.
        Raises `TooManyTasksError`, `ImageUnknownError`, `CropOutsideError`, `KeyReusedError` or `FirstAnswerGoneError`.
        """
        request.check_tasks(self.limits.tasks)
        return await self._accept(request, caller=caller, key=request.idempotency_key(key))

    async def retry(self, ended: JobRecord, *, caller: Caller, key: str | None = None) -> JobRecord:
        """Commit a new job for the tasks of *ended*, with ids of its own; for a repeated *key*, return the first.

        Raises `JobNotRetryableError`, and `ImageUnknownError` if the original is gone, or `KeyReusedError`.
        """
        if ended.job.state not in RETRYABLE:
            raise JobNotRetryableError(ended.job.id, ended.job.state)
        asked = idempotency_key("retryJob", key, [str(ended.job.id)])
        request = JobRequest(
            original_id=ended.original.id,
            options=[task.options for task in ended.tasks],
            tags=ended.tags,
            priority=ended.priority,
            variants_expire_seconds=ended.variants_expire_seconds,
            retry_of=ended.job.id,
        )
        return await self._accept(request, caller=caller, key=asked)

    async def _accept(self, request: JobRequest, *, caller: Caller, key: IdempotencyKey | None) -> JobRecord:
        if key and (first := await self._find_earlier_job(key)):
            return first
        original = await self.jobs.find_image(request.original_id)
        if original is None or not caller.sees(original.owner):
            raise ImageUnknownError(request.original_id)
        at = self.clock()
        record = await self.record_of(request, original, at=at)
        try:
            await self.jobs.add_job(record, self.messages.job_requested(record, at=at), key=key)
        except KeyTakenError:
            return await self._accept(request, caller=caller, key=key)
        fail_at(Failpoint.JOB_COMMITTED_NOT_ANSWERED)
        self.wake_relay()
        metrics.JOBS_ACCEPTED.inc()
        log.info("job accepted", job_id=str(record.job.id), tasks=len(record.tasks))
        return record

    async def record_of(
        self, request: JobRequest, original: StoredImage, *, at: datetime, batch_id: UUID | None = None
    ) -> JobRecord:
        """Return the new job that *request* asks for, with ids of its own; raise `CropOutsideError`."""
        _refuse_crops_outside(original, request.options)
        return JobRecord(
            job=Job(id=new_id()),
            original=original,
            tasks=await self._tasks(original, [option.resolved_for(original.format) for option in request.options]),
            created_at=at,
            retry_of=request.retry_of,
            tags=request.tags,
            priority=request.priority,
            variants_expire_seconds=request.variants_expire_seconds,
            batch_id=batch_id,
        )

    async def _tasks(self, original: StoredImage, options: Sequence[TaskOptions]) -> tuple[RequestedTask, ...]:
        """Return a task for each of *options*, with the reusable variant of the same bytes, if there is one."""
        works = [reuse_key(original, option, self.reuse) for option in options]
        done = await self.jobs.find_reusable([work for work in works if work]) if any(works) else {}
        return tuple(
            RequestedTask(id=new_id(), variant_id=new_id(), options=option, reusable=done.get(work) if work else None)
            for option, work in zip(options, works, strict=True)
        )

    async def _find_earlier_job(self, key: IdempotencyKey) -> JobRecord | None:
        ids = await self.jobs.find_by_idempotency_key(key)
        if not ids:
            return None
        record = await self.jobs.find_job(ids[0])
        if record is None:
            raise FirstAnswerGoneError
        return replace(record, job=Job(id=record.job.id), variants=())


def _crop_of(option: TaskOptions) -> Crop | None:
    try:
        return option.understood().crop
    except UnsupportedOptionError:  # tried again for a later release, whose processors know it
        return None


def _refuse_crops_outside(original: StoredImage, options: Sequence[TaskOptions]) -> None:
    """Raise `CropOutsideError` for a crop that leaves the image, upright or lying: its row does not tell which."""
    for number, option in enumerate(options):
        crop = _crop_of(option)
        if crop is None:
            continue
        with suppress(CropOutsideError):
            crop.pixels_of(original.height, original.width)
            continue
        try:
            crop.pixels_of(original.width, original.height)
        except CropOutsideError as exc:
            message = f"options[{number}].crop: {exc}"
            raise CropOutsideError(message) from exc
