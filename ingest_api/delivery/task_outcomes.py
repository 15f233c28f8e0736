"""What results tell of single tasks: how they ended, and with which variants.

Keeps the protocol's rule "a task's first end wins" (ARCHITECTURE.md).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from common.events import FinishedVariant, JobFailed, JobProgressed, JobResult, JobStarted, JobSucceeded, TaskOutcome
from common.failure_codes import FailureCode
from ingest_api.domain.job import MADE, JobState, TaskEnd
from ingest_api.job_store import JobRecord, StoredImage

_UNKNOWN_REASON = "It was not told why."


def outcomes_of(result: JobResult) -> Sequence[TaskOutcome]:
    """Return what *result* tells of single tasks."""
    match result:
        case JobSucceeded():
            reused = set(result.reused)
            return [
                TaskOutcome(task_id=one.task_id, status=JobState.COMPLETED, variant=one, reused=one.id in reused)
                for one in result.variants
            ]
        case JobProgressed() | JobFailed():
            return result.tasks
        case JobStarted():
            return ()


def new_outcomes(result: JobResult, record: JobRecord) -> list[TaskOutcome]:
    """Return the outcomes in *result* that are the first of open tasks of the job.

    A variant counts from any attempt, a failure from the current one only, as with jobs. What is neither, of a later
    release, leaves its task open.
    """
    still_open = {task.id for task in record.open_tasks}
    counts_failures = record.job.is_current(result.attempt)
    first: dict[UUID, TaskOutcome] = {}
    for outcome in outcomes_of(result):
        is_end = outcome.variant is not None or (outcome.status == JobState.FAILED and counts_failures)
        if is_end and outcome.task_id in still_open:
            first.setdefault(outcome.task_id, outcome)
    return list(first.values())


def end_of(outcome: TaskOutcome) -> TaskEnd:
    """Return *outcome* as the job keeps it."""
    if outcome.variant is not None:
        return MADE
    code = outcome.code or FailureCode.INTERNAL_ERROR
    return TaskEnd(JobState.FAILED, code, outcome.reason or _UNKNOWN_REASON)


def in_order(variants: Sequence[FinishedVariant], record: JobRecord) -> tuple[FinishedVariant, ...]:
    """Return *variants* in the order of the job's tasks."""
    by_task = {variant.task_id: variant for variant in variants}
    return tuple(by_task[task_id] for task_id in record.task_ids if task_id in by_task)


def image_of(variant: FinishedVariant, record: JobRecord, at: datetime) -> StoredImage:
    """Return the image that *variant* of a job is: it has its original's names and owner."""
    original, seconds = record.original, record.variants_expire_seconds
    return StoredImage(
        id=variant.id,
        original_id=original.id,
        original_name=original.original_name,
        sent_name=original.sent_name,
        format=variant.format,
        width=variant.width,
        height=variant.height,
        byte_size=variant.byte_size,
        created_at=at,
        owner=original.owner,
        expires_at=at + timedelta(seconds=seconds) if seconds else None,
    )
