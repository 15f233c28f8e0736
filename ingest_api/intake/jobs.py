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
from common.geometry_options import Crop, CropOutsideError
from common.ids import new_id
from common.options import TaskOptions, UnsupportedOptionError, canonical_json
from common.settings.groups import LimitsSettings
from ingest_api.delivery.reuse import Reuse, reuse_key
from ingest_api.domain.caller import Caller
from ingest_api.domain.idempotency import IdempotencyKey, idempotency_key
from ingest_api.domain.job import Job, JobState
from ingest_api.job_store import ImageUnknownError, JobRecord, JobStore, KeyTakenError, StoredImage
from ingest_api.life_cycle.messages import Messages

log = structlog.get_logger(__name__)


class TooManyTasksError(Exception):
    """A job requests more variants than the limit."""

    def __init__(self, limit: int, *, found: int) -> None:
        super().__init__(f"options: a job may have {limit} tasks at most, this one has {found}")


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

    async def accept(
        self, original_id: UUID, options: Sequence[TaskOptions], *, caller: Caller, key: str | None = None
    ) -> JobRecord:
        """Commit a job and its request; for a repeated *key*, return the first job as it was created.

        The job belongs to the owner of its original, which *caller* must see.
        Raises `TooManyTasksError`, `ImageUnknownError`, `CropOutsideError` or `KeyReusedError`.
        """
        if len(options) > self.limits.tasks:
            raise TooManyTasksError(self.limits.tasks, found=len(options))
        return await self._accept(original_id, options, caller=caller, key=_key_of_job(key, original_id, options))

    async def retry(self, ended: JobRecord, *, caller: Caller, key: str | None = None) -> JobRecord:
        """Commit a new job for the tasks of *ended*, with ids of its own; for a repeated *key*, return the first.

        Raises `JobNotRetryableError`, and `ImageUnknownError` if the original is gone, or `KeyReusedError`.
        """
        if ended.job.state not in RETRYABLE:
            raise JobNotRetryableError(ended.job.id, ended.job.state)
        asked = idempotency_key("retryJob", key, [str(ended.job.id)])
        options = [task.options for task in ended.tasks]
        return await self._accept(ended.original.id, options, caller=caller, key=asked, retry_of=ended.job.id)

    async def _accept(
        self,
        original_id: UUID,
        options: Sequence[TaskOptions],
        *,
        caller: Caller,
        key: IdempotencyKey | None,
        retry_of: UUID | None = None,
    ) -> JobRecord:
        if key and (first := await self._find_earlier_job(key)):
            return first
        original = await self.jobs.find_image(original_id)
        if original is None or not caller.sees(original.owner):
            raise ImageUnknownError(original_id)
        _refuse_crops_outside(original, options)
        at = self.clock()
        record = JobRecord(
            job=Job(id=new_id()),
            original=original,
            tasks=await self._tasks(original, [option.resolved_for(original.format) for option in options]),
            created_at=at,
            retry_of=retry_of,
        )
        try:
            await self.jobs.add_job(record, self.messages.job_requested(record, at=at), key=key)
        except KeyTakenError:
            return await self._accept(original_id, options, caller=caller, key=key, retry_of=retry_of)
        fail_at(Failpoint.JOB_COMMITTED_NOT_ANSWERED)
        self.wake_relay()
        metrics.JOBS_ACCEPTED.inc()
        log.info("job accepted", job_id=str(record.job.id), tasks=len(record.tasks))
        return record

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
        record = await self.jobs.find_job(ids[0]) if ids else None
        return replace(record, job=Job(id=record.job.id)) if record else None


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


def _key_of_job(key: str | None, original_id: UUID, options: Sequence[TaskOptions]) -> IdempotencyKey | None:
    if key is None:
        return None
    asked = [canonical_json(option.without_defaults()) for option in options]
    first = [option.as_first_written() for option in options]
    return idempotency_key("createJob", key, [str(original_id), *asked], as_first_written=[str(original_id), *first])
