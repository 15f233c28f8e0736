"""The bodies of requests and responses. Members are promises to clients: their names and casing are fixed."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from common.events import FinishedVariant, RequestedTask
from common.failure_codes import JOB_FAILURES
from common.options.geometry import Integer
from common.options.tasks import TaskOptions
from common.options.variant import VariantOptions
from common.wire import FormatName, WireModel
from ingest_api.domain.batch import MOST_JOBS, Batch
from ingest_api.domain.expiry import LONGEST_EXPIRY_SECONDS
from ingest_api.domain.job import JobState
from ingest_api.domain.priority import Priority
from ingest_api.domain.tags import MOST_TAGS, NAME_CHARACTERS, VALUE_CHARACTERS, check_tags
from ingest_api.intake.job_request import JobRequest
from ingest_api.job_store import JobRecord, StoredImage


def _is_none(value: object) -> bool:
    return value is None


_ID = "0199f3a0-8c1e-7d2a-b7a4-6c3f6a1d2e10"


_TAGS = {"shop": "berlin", "order": "4711"}
AskedTags = Annotated[
    dict[str, str],
    AfterValidator(check_tags),
    Field(
        default_factory=dict,
        examples=[_TAGS],
        description=f"Your own names and values, to find it by: {MOST_TAGS} at most, names of {NAME_CHARACTERS} and "
        f"values of {VALUE_CHARACTERS} printable characters at most, no colon in a name.",
        json_schema_extra={"maxProperties": MOST_TAGS},
    ),
]
ShownTags = Annotated[dict[str, str], Field(default_factory=dict, exclude_if=lambda tags: not tags, examples=[_TAGS])]


class ImageBody(WireModel):
    """An image: an original, or a variant of one. Width and height are as stored, before any EXIF rotation."""

    id: UUID = Field(examples=[_ID])
    original_name: str = Field(examples=["holiday"], description="The uploader's name for it, made safe: ASCII only.")
    file_name: str = Field(examples=["holiday.jpeg"], description="The uploader's name, with the suffix of `format`.")
    format: FormatName
    width: int = Field(examples=[4032])
    height: int = Field(examples=[3024])
    byte_size: int = Field(examples=[3296423])
    url: str = Field(examples=[f"/image/{_ID}"], description="Where the bytes are; signed where keys are configured.")
    original_id: Annotated[
        UUID | None,
        Field(
            alias="originalID",
            exclude_if=lambda original: original is None,
            description="What a variant was made from.",
        ),
    ] = None
    created_at: datetime
    expires_at: datetime | None = Field(
        None,
        exclude_if=lambda expires_at: expires_at is None,
        description="When it is deleted, if its request said so; the settings may delete it earlier.",
    )
    tags: ShownTags

    @classmethod
    def of(cls, image: StoredImage, url: str) -> "ImageBody":
        """Return the body of *image*, whose bytes are at *url*."""
        return cls(
            id=image.id,
            original_name=image.original_name,
            file_name=image.file_name,
            format=image.format,
            width=image.width,
            height=image.height,
            byte_size=image.byte_size,
            url=url,
            original_id=image.original_id,
            created_at=image.created_at,
            expires_at=image.expires_at,
            tags=dict(image.tags),
        )


class OptionsBody(VariantOptions):
    """How to make one variant. Members are accepted under their wire names only."""

    model_config = ConfigDict(populate_by_name=False)


class JobRequestBody(BaseModel):
    """What to make of an uploaded image: one task for each of the options."""

    model_config = ConfigDict(extra="forbid")

    original_id: Annotated[UUID, Field(alias="originalID", examples=[_ID])]
    options: list[OptionsBody] = Field(
        min_length=1, examples=[[{"format": "webp", "maxDimension": 1000, "quality": 80}]]
    )
    tags: AskedTags
    priority: Priority = Field(
        Priority.INTERACTIVE, description="bulk: let interactive jobs go first; some of these are done in between."
    )
    expires_in_seconds: int | None = Field(
        None,
        alias="expiresInSeconds",
        ge=1,
        le=LONGEST_EXPIRY_SECONDS,
        strict=True,
        description="How long after they are made the variants are kept; the settings may delete them earlier.",
    )

    def as_request(self) -> JobRequest:
        """Return what is asked for."""
        return JobRequest(
            original_id=self.original_id,
            options=[TaskOptions.of(asked) for asked in self.options],
            tags=self.tags,
            priority=self.priority,
            variants_expire_seconds=self.expires_in_seconds,
        )


class BatchRequestBody(BaseModel):
    """Many jobs, to be accepted together, or none."""

    model_config = ConfigDict(extra="forbid")

    jobs: list[JobRequestBody] = Field(min_length=1, max_length=MOST_JOBS)
    tags: AskedTags


class AcceptedBatchBody(WireModel):
    """A batch that was accepted."""

    id: UUID = Field(examples=[_ID])
    total: int = Field(examples=[1000], description="How many jobs it has.")


class BatchBody(AcceptedBatchBody):
    """A batch as last committed."""

    counts: dict[str, int] = Field(
        examples=[{"pending": 3, "processing": 2, "completed": 994, "failed": 1, "cancelled": 0}],
        description="How many of its jobs are in each state; as it ended, once it has.",
    )
    tags: ShownTags
    created_at: datetime
    ended_at: datetime | None = Field(None, exclude_if=lambda ended_at: ended_at is None)

    @classmethod
    def of(cls, batch: Batch) -> "BatchBody":
        """Return the body of *batch*."""
        return cls(
            id=batch.id,
            total=batch.total,
            counts={**dict.fromkeys(JobState, 0), **batch.counts},
            tags=dict(batch.tags),
            created_at=batch.created_at,
            ended_at=batch.ended_at,
        )


class VariantBody(WireModel):
    """A variant that was made."""

    id: UUID = Field(examples=[_ID])
    format: FormatName
    width: int = Field(examples=[1000])
    height: int = Field(examples=[750])
    byte_size: int = Field(examples=[60514])
    url: str = Field(examples=[f"/image/{_ID}"], description="Where the bytes are; signed where keys are configured.")


class TaskBody(WireModel):
    """One variant of a job; *variantID* is null until it is made."""

    id: UUID
    options: TaskOptions
    status: str = Field(
        examples=[state.value for state in JobState],
        description="Where the task is: it may end before its job does. A later release may know more.",
    )
    code: str | None = Field(None, exclude_if=_is_none, description="Why the task failed, for programs.")
    reason: str | None = Field(None, exclude_if=_is_none, description="The same for people.")
    variant_id: Annotated[UUID | None, Field(alias="variantID")]
    url: str | None = Field(None, exclude_if=_is_none, description="Where the variant is.")
    variant: VariantBody | None = Field(None, exclude_if=_is_none, description="The variant, while it is there.")

    @classmethod
    def of(cls, task: RequestedTask, record: JobRecord, url_of: Callable[[UUID], str]) -> "TaskBody":
        """Return the body of a task of *record*."""
        end = record.job.end_of(task.id)
        made = end is not None and end.is_made
        variant = next((one for one in record.variants if one.task_id == task.id), None)
        return cls(
            id=task.id,
            options=task.options,
            status=end.status if end else record.job.state,
            code=end.code if end else None,
            reason=end.reason if end else None,
            variant_id=task.variant_id if made else None,
            url=url_of(task.variant_id) if made else None,
            variant=_variant_body(variant, url_of) if variant else None,
        )


def _variant_body(variant: FinishedVariant, url_of: Callable[[UUID], str]) -> VariantBody:
    return VariantBody(
        id=variant.id,
        format=variant.format,
        width=variant.width,
        height=variant.height,
        byte_size=variant.byte_size,
        url=url_of(variant.id),
    )


class JobBody(WireModel):
    """A job as last committed."""

    id: UUID = Field(examples=[_ID])
    status: str = Field(
        examples=[state.value for state in JobState], description="Where the job is; a later release may know more."
    )
    reason: str | None = Field(None, exclude_if=lambda reason: reason is None, examples=["The image is cut short."])
    code: str | None = Field(
        None,
        exclude_if=lambda code: code is None,
        examples=[code.value for code in JOB_FAILURES],
        description="Why the job failed, for programs; a later release may know more.",
    )
    original_id: Annotated[UUID, Field(alias="originalID")]
    retry_of: UUID | None = Field(
        None, exclude_if=lambda retry_of: retry_of is None, description="The job whose tasks it repeats."
    )
    tasks: list[TaskBody]
    attempt: int = Field(examples=[1], description="Which try at it this is; outages of the storage cost none.")
    created_at: datetime
    started_at: datetime | None = Field(
        None, exclude_if=lambda started_at: started_at is None, description="When a processor first began it."
    )
    ended_at: datetime | None = Field(None, exclude_if=lambda ended_at: ended_at is None)
    batch_id: Annotated[
        UUID | None,
        Field(alias="batchID", exclude_if=lambda batch_id: batch_id is None, description="The batch it was asked in."),
    ] = None
    tags: ShownTags
    priority: Priority = Field(
        Priority.INTERACTIVE, exclude_if=lambda priority: priority is Priority.INTERACTIVE, description="If it is bulk."
    )

    @classmethod
    def of(cls, record: JobRecord, url_of: Callable[[UUID], str]) -> "JobBody":
        """Return the body of *record*; *url_of* returns the URL of a variant."""
        return cls(
            id=record.job.id,
            status=record.job.state,
            reason=record.job.reason,
            code=record.job.code,
            original_id=record.original.id,
            tasks=[TaskBody.of(task, record, url_of) for task in record.tasks],
            retry_of=record.retry_of,
            attempt=record.job.attempt,
            created_at=record.created_at,
            started_at=record.job.started_at,
            ended_at=record.job.ended_at,
            tags=dict(record.tags),
            priority=record.priority,
            batch_id=record.batch_id,
        )


class ImagesBody(WireModel):
    """A page of images."""

    items: list[ImageBody]
    next_cursor: UUID | None = Field(description="Where the next page begins; null on the last.")


class JobsBody(WireModel):
    """A page of jobs."""

    items: list[JobBody]
    next_cursor: UUID | None = Field(description="Where the next page begins; null on the last.")


class UrlRequestBody(BaseModel):
    """How long a signed URL works, and whether browsers save the image."""

    model_config = ConfigDict(strict=True, extra="forbid")

    expires_in_seconds: Integer = Field(alias="expiresInSeconds", ge=1, le=31_536_000, examples=[3600])
    download: bool = False


class SignedUrlBody(WireModel):
    """A URL that opens an image without a key, and its expiry."""

    url: str = Field(examples=[f"/image/{_ID}?expires=1893456000&signature=…"])
    expires_at: datetime


class HealthBody(BaseModel):
    """Whether the API process runs."""

    message: str = Field("Service is healthy", examples=["Service is healthy"])


class ReadinessBody(BaseModel):
    """Whether the API can do its work, and the state of each dependency."""

    status: str = Field(examples=["ready"], description="ready, degraded or not ready.")
    dependencies: dict[str, str] = Field(examples=[{"database": "ok", "storage": "ok", "kafka": "ok"}])
    outbox: str | None = Field(None, description="Says so where events have waited too long to be sent.")


class ProblemBody(BaseModel):
    """An error, as RFC 9457 problem details. `detail`, `error` and `message` are the same sentence."""

    type: str = Field(examples=["urn:icecube:problem:image_not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["Image not found"])
    code: str = Field(examples=["image_not_found"])
    error: str = Field(examples=["Image not found"])
    message: str = Field(examples=["Image not found"])


def json_response(body: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return the response of *body*; FastAPI would validate it again first."""
    return Response(body.model_dump_json(), status, media_type="application/json")


def guarded(**descriptions: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses for the problems of a route that authenticates callers."""
    asked = {
        "_401": "No API key, or an unknown one, where the service asks for keys.",
        "_403": "The API key does not allow this.",
        "_429": "The API key's share of requests is used up for now.",
    }
    return problems(**asked | descriptions)


def problems(**descriptions: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses for the problems of a route: `_404="Image not found"`."""
    content = {"application/problem+json": {"schema": ProblemBody.model_json_schema()}}
    return {int(status[1:]): {"description": text, "content": content} for status, text in descriptions.items()}
