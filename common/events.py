"""The events that travel on Kafka, and their encoding.

Each class is a promise: you may add optional fields; any other change is a new version. What a later release added is
kept wherever it is stored or forwarded.
`common/event_examples` has a file for each version; tests decode and encode every one.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError

from common.options.tasks import TaskOptions
from common.texts import Code, Name, Reason
from common.wire import FormatName, KeptModel, WireModel

Attempt = Annotated[int, Field(ge=1, le=2**31 - 1)]
Size = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""A number of bytes, pixels or frames. What is none would fail wherever it is counted or stored."""


EventTags = dict[str, str]
"""What the client attached, by name."""


class UnreadableEventError(Exception):
    """The bytes are not an event that this release knows; the message says why."""


class UnsupportedRequestError(UnreadableEventError):
    """A later release requests a job in a form that this one cannot read; the job's id is known."""

    def __init__(self, message: str, *, job_id: UUID, attempt: int) -> None:
        super().__init__(message)
        self.job_id = job_id
        self.attempt = attempt


class OriginalImage(WireModel):
    """The stored original a job works on."""

    id: UUID
    format: FormatName
    width: Size
    height: Size
    byte_size: Size
    name: Name


class FinishedVariant(KeptModel):
    """A variant that is stored and can be downloaded under *id*.

    For an animated original, *frames* and *original_frames* count its own frames and the original's.
    """

    task_id: UUID
    id: UUID
    format: FormatName
    width: Size
    height: Size
    byte_size: Size
    frames: Size | None = None
    original_frames: Size | None = None


class ReusableVariant(KeptModel):
    """A variant that *engine* made from the same bytes with the same options; it can be copied."""

    engine: Name
    variant: FinishedVariant


class RequestedTask(KeptModel):
    """One variant to make; the id of its image was assigned when the job was created."""

    id: UUID
    variant_id: UUID
    options: TaskOptions
    reusable: ReusableVariant | None = None


class JobRequested(WireModel):
    """The API accepted a job, or requests another attempt at those of its tasks that are open.

    *progress*: the API can read `JobProgressed`, which earlier releases cannot.
    """

    type: Literal["JobRequested"] = "JobRequested"
    version: Literal[1] = 1
    job_id: UUID
    attempt: Attempt
    original: OriginalImage
    tasks: tuple[RequestedTask, ...] = Field(min_length=1)
    progress: bool = Field(default=False, exclude_if=lambda progress: not progress)


class JobStarted(WireModel):
    """A processor has taken the job. Sent before the work, so that a job that kills its processor leaves a trace.

    *start_id* distinguishes two starts from one that is read twice; processors of the previous release send none.
    """

    type: Literal["JobStarted"] = "JobStarted"
    version: Literal[1] = 1
    job_id: UUID
    attempt: Attempt
    start_id: UUID | None = None


class TaskOutcome(KeptModel):
    """How one task ended: with its *variant*, or with the *code* and *reason* of why it can never be made.

    *reused*: the variant is not the work of this engine. A later release may send more statuses.
    """

    task_id: UUID
    status: Code = Field(examples=["completed", "failed"])
    variant: FinishedVariant | None = None
    code: Code | None = None
    reason: Reason | None = None
    reused: bool = Field(default=False, exclude_if=lambda reused: not reused)


class JobProgressed(WireModel):
    """Some tasks of a job ended, others have not. Sent only where the request says *progress*; it may get lost."""

    type: Literal["JobProgressed"] = "JobProgressed"
    version: Literal[1] = 1
    job_id: UUID
    attempt: Attempt
    tasks: tuple[TaskOutcome, ...] = Field(min_length=1)
    engine: Name | None = None


class JobSucceeded(WireModel):
    """Every requested variant is stored: *engine* made them, except those in *reused*, which are copies."""

    type: Literal["JobSucceeded"] = "JobSucceeded"
    version: Literal[1] = 1
    job_id: UUID
    attempt: Attempt
    variants: tuple[FinishedVariant, ...]
    engine: Name | None = None
    reused: tuple[UUID, ...] = Field((), exclude_if=lambda reused: not reused)


class JobFailed(WireModel):
    """This attempt ended without all variants; *retryable* says whether another may make the rest.

    *tasks* are those that ended all the same, whether or not they were told of before. The others failed with *code*.
    """

    type: Literal["JobFailed"] = "JobFailed"
    version: Literal[1] = 1
    job_id: UUID
    attempt: Attempt
    code: Code
    reason: Reason
    retryable: bool
    tasks: tuple[TaskOutcome, ...] = Field((), exclude_if=lambda tasks: not tasks)
    engine: Name | None = None


class AnnouncedVariant(FinishedVariant):
    """A variant as the completion record tells of it, with where to download it."""

    url: str | None = Field(None, examples=["/image/0199f3a0-8c1e-7d2a-b7a4-6c3f6a1d2e10"])


class JobNotification(KeptModel):
    """The public completion record: one for every job that ends. Its members are promises to clients.

    *variants_left_out*: the record would be too large for Kafka with them; ask the API for them.
    """

    job_id: UUID
    status: str = Field(examples=["completed", "failed", "cancelled"])
    original_id: UUID
    reason: Reason | None = None
    code: Code | None = None
    timestamp: datetime
    variants: tuple[AnnouncedVariant, ...] = ()
    variants_left_out: bool = Field(default=False, exclude_if=lambda left_out: not left_out)
    tags: EventTags = Field({}, exclude_if=lambda tags: not tags)


class PublicEvent(KeptModel):
    """What the events topic tells other systems. Its members are promises to clients."""

    event_type: ClassVar[str]
    """Its type as CloudEvents have it; a change that readers must not ignore has another."""
    timestamp: datetime

    @property
    def subject(self) -> UUID:
        """The id of what it is about, and the key of its record."""
        raise NotImplementedError

    @property
    def identity(self) -> tuple[object, ...]:
        """What distinguishes it from all other events of its type."""
        return (self.subject,)


class JobEvent(PublicEvent):
    """Something happened to a job. Drop an event whose *sequence* is not newer: the end of a job has its highest."""

    job_id: UUID
    original_id: UUID
    sequence: Size
    tags: EventTags = Field({}, exclude_if=lambda tags: not tags)

    @property
    def subject(self) -> UUID:
        """The job."""
        return self.job_id

    @property
    def identity(self) -> tuple[object, ...]:
        """The job may have several events of a type."""
        return (self.job_id, self.sequence)


class JobCancelled(JobEvent):
    """Somebody cancelled a job before its end. The variants that were made by then are kept."""

    event_type: ClassVar[str] = "io.icecube.job.cancelled.v1"


class ImageEvent(PublicEvent):
    """Something happened to an image: an original, or a variant of *original_id*."""

    image_id: UUID
    original_id: UUID | None = None
    owner: Name | None = None

    @property
    def subject(self) -> UUID:
        """The image."""
        return self.image_id


class ImageDeleted(ImageEvent):
    """Somebody deleted an image. *by* is the name of the API key; what the image showed is told nowhere.

    An original takes its variants along; each has an event of its own.
    """

    event_type: ClassVar[str] = "io.icecube.image.deleted.v1"
    by: Name


class ImageExpired(ImageEvent):
    """An image was deleted because its time was over, by request or by the settings."""

    event_type: ClassVar[str] = "io.icecube.image.expired.v1"


class BatchCompleted(PublicEvent):
    """The last job of a batch has ended; *counts* says how many ended in each state."""

    event_type: ClassVar[str] = "io.icecube.batch.completed.v1"
    batch_id: UUID
    total: Size
    counts: dict[str, Size]
    tags: EventTags = Field({}, exclude_if=lambda tags: not tags)

    @property
    def subject(self) -> UUID:
        """The batch."""
        return self.batch_id


JobResult = JobStarted | JobProgressed | JobSucceeded | JobFailed
Event = JobRequested | JobResult


class _AnyRequest(WireModel):
    """The members that every version of `JobRequested` has."""

    type: Literal["JobRequested"]
    job_id: UUID
    attempt: Attempt


_EVENTS: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


def encode(event: Event | JobNotification | PublicEvent) -> bytes:
    """Return *event* as the value of a Kafka record, without members that are None."""
    return event.model_dump_json(exclude_none=True).encode()


def decode(value: bytes | None) -> Event:
    """Return the event in *value*; raise `UnreadableEventError` for anything else.

    For a request of a later release, that is an `UnsupportedRequestError`.
    """
    try:
        return _EVENTS.validate_json(value or b"")
    except ValidationError as exc:
        raise _unreadable(value or b"", _explanation(exc)) from exc


def _unreadable(value: bytes, explanation: str) -> UnreadableEventError:
    try:
        request = _AnyRequest.model_validate_json(value)
    except ValidationError:
        return UnreadableEventError(explanation)
    return UnsupportedRequestError(explanation, job_id=request.job_id, attempt=request.attempt)


def _explanation(exc: ValidationError) -> str:
    first = exc.errors(include_url=False, include_input=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    return f"{path}: {first['msg']}" if path else first["msg"]
