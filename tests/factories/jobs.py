"""Valid images, jobs and events; a test names only what matters to it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from common.events import FinishedVariant, JobRequested, OriginalImage, RequestedTask, ReusableVariant
from common.formats import ImageFormat
from common.ids import new_id
from common.options.tasks import TaskOptions
from common.options.variant import VariantOptions
from ingest_api.domain.job import Job, RetryPolicy
from ingest_api.job_store import JobRecord, StoredImage

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def path_of(image_id: UUID) -> str:
    """Return where an image is, as bodies say it without signing keys."""
    return f"/image/{image_id}"


def a_policy(**changes: Any) -> RetryPolicy:
    """Return a policy of three attempts with three starts each."""
    return replace(RetryPolicy(attempts=3, starts=3, base_seconds=2, max_seconds=300), **changes)


def a_job(**changes: Any) -> Job:
    """Return a new job."""
    return replace(Job(id=new_id()), **changes)


def an_image(**changes: Any) -> StoredImage:
    """Return an original."""
    image = StoredImage(
        id=new_id(),
        original_name="holiday",
        format=ImageFormat.JPEG,
        width=4032,
        height=3024,
        byte_size=3_296_423,
        created_at=NOON,
    )
    return replace(image, **changes)


def a_task(**options: Any) -> RequestedTask:
    """Return a task for a small WebP."""
    wanted: dict[str, Any] = {"format": ImageFormat.WEBP, "max_dimension": 100} | options
    return RequestedTask(id=new_id(), variant_id=new_id(), options=TaskOptions.of(VariantOptions(**wanted)))


def a_reusable_variant(*, engine: str = "an-engine", **changes: Any) -> ReusableVariant:
    """Return what a processor may copy instead of making `a_task`."""
    (variant,) = the_variants_of((a_task(),))
    return ReusableVariant(engine=engine, variant=variant.model_copy(update={"byte_size": 7} | changes))


def a_record(**changes: Any) -> JobRecord:
    """Return a new job with one task."""
    return replace(JobRecord(job=a_job(), original=an_image(), tasks=(a_task(),), created_at=NOON), **changes)


def a_request(**changes: Any) -> JobRequested:
    """Return the event that asks for a job with one task."""
    original = OriginalImage(
        id=new_id(), format=ImageFormat.JPEG, width=4032, height=3024, byte_size=3_296_423, name="holiday"
    )
    return JobRequested(job_id=new_id(), attempt=1, original=original, tasks=(a_task(),)).model_copy(update=changes)


def the_variants_of(tasks: tuple[RequestedTask, ...]) -> tuple[FinishedVariant, ...]:
    """Return what a processor reports after making *tasks*."""
    return tuple(
        FinishedVariant(
            task_id=task.id, id=task.variant_id, format=ImageFormat.WEBP, width=100, height=75, byte_size=1234
        )
        for task in tasks
    )
