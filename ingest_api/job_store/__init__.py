"""The port to images, jobs and unsent events; its adapter is beside it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from common.events import FinishedVariant, RequestedTask, ReusableVariant
from ingest_api.domain.batch import Batch
from ingest_api.domain.cleaning import Cleaned, Phase
from ingest_api.domain.file_name import file_name
from ingest_api.domain.idempotency import IdempotencyKey
from ingest_api.domain.job import Job
from ingest_api.domain.priority import Priority
from ingest_api.domain.tags import Tags


class JobStoreUnavailableError(Exception):
    """PostgreSQL cannot serve now; nothing was written, or the same write is safe to repeat."""


class ValueRefusedError(Exception):
    """PostgreSQL cannot store a value; nothing was written, and the same write would fail again."""


class UnreadableJobError(Exception):
    """This release cannot read a job's row, as a later release wrote it. The message says why."""

    def __init__(self, job_id: UUID, reason: str) -> None:
        super().__init__(f"job {job_id} is unreadable: {reason}")
        self.job_id = job_id


class ImageUnknownError(Exception):
    """No image has this id, or it is deleted."""

    def __init__(self, image_id: UUID) -> None:
        super().__init__(f"no image {image_id}")
        self.image_id = image_id


class KeyTakenError(Exception):
    """The idempotency key was taken meanwhile: `find_by_idempotency_key` now returns what was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """An image whose bytes are in the blob store: an original, or a variant of *original_id*."""

    id: UUID
    original_name: str
    format: str
    """An `ImageFormat`, or one of a later release."""
    width: int
    height: int
    byte_size: int
    created_at: datetime
    original_id: UUID | None = None
    sha256: bytes | None = None
    """The hash of an original's bytes; None for a variant, and for an original of a release that did not hash."""
    owner: str | None = None
    """Whose it is, and the jobs on it; None: nobody's, as of a release that knew no owners."""
    sent_name: str | None = None
    """What its uploader called the file, in any script; None where no name was sent, or only the safe one was kept."""
    expires_at: datetime | None = None
    """When it is deleted, if it is by request; the settings may say earlier."""
    tags: Tags = field(default_factory=dict)
    """What its uploader attached to an original; a variant has none of its own."""

    @property
    def file_name(self) -> str:
        """The name of a file with the bytes, for whoever downloads it."""
        return file_name(self.sent_name, self.original_name, self.format)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A Kafka record to be sent once its transaction is committed, not before *due_at* by the database's clock."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: dict[str, str]
    due_at: datetime | None = None
    """None: at once, whatever the clocks say."""
    request_of: UUID | None = None
    """The job that the record requests; its place in Kafka is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The place of a job's newest request in Kafka."""

    job_id: UUID
    partition: int
    offset: int
    topic: str | None = None
    """None: the release before noted the place, and knew no topics."""
    is_bulk: bool = False
    """Whether the request may be in the topic of bulk jobs, if none was noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job with its original and tasks."""

    job: Job
    original: StoredImage
    tasks: tuple[RequestedTask, ...]
    created_at: datetime
    publication: Publication | None = None
    """The place of the newest request; None while it is in the outbox."""
    variants: tuple[FinishedVariant, ...] = ()
    """Those that were made and are still there."""
    retry_of: UUID | None = None
    """The failed or cancelled job whose tasks it repeats."""
    variants_expire_seconds: int | None = None
    """How long its variants are kept; None: as long as the settings say."""
    is_original_deleted: bool = False
    tags: Tags = field(default_factory=dict)
    priority: Priority = Priority.INTERACTIVE
    batch_id: UUID | None = None

    @property
    def task_ids(self) -> tuple[UUID, ...]:
        """The ids of its tasks, in their order."""
        return tuple(task.id for task in self.tasks)

    @property
    def open_tasks(self) -> tuple[RequestedTask, ...]:
        """The tasks that have not ended."""
        return tuple(task for task in self.tasks if self.job.end_of(task.id) is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How much work waits. Messages of a later attempt do not count before they are due."""

    outbox_depth: int = 0
    outbox_age_seconds: float = 0
    """How long the first due message has been due."""
    pending: int = 0
    processing: int = 0
    oldest_unfinished_seconds: float = 0
    """The age of the oldest job, pending or processing."""


class JobChanges(Protocol):
    """Jobs locked for change. All recorded changes are written together, or none."""

    @property
    def records(self) -> dict[UUID, JobRecord]:
        """The locked jobs in their current state; unknown ids are absent."""
        ...

    @property
    def unreadable(self) -> Mapping[UUID, UnreadableJobError]:
        """The locked jobs whose rows this release cannot read."""
        ...

    def save(self, job: Job) -> None:
        """Replace the state of a locked job."""
        ...

    def add_images(self, images: Iterable[StoredImage]) -> None:
        """Add variants; existing ones stay as they are."""
        ...

    def remember_variant(self, work: bytes, variant: ReusableVariant) -> None:
        """Remember *variant* under the reuse key *work*, in place of any older one."""
        ...

    def publish(self, message: OutboxMessage) -> None:
        """Add *message* to the outbox; its job counts as unpublished until the relay has sent it."""
        ...

    def add_cleaning(self, what: Cleaned, cleaned_id: UUID, phase: Phase) -> None:
        """Have something cleaned up from *phase* on, as soon as this is committed; one under way begins again."""
        ...

    def count_batch_end(self, batch_id: UUID, announce: Callable[[Batch], OutboxMessage], *, at: datetime) -> None:
        """Count the end of one of a batch's jobs; if it is the last, add the message that *announce* returns."""
        ...

    def withdraw(self, position: int) -> None:
        """Remove a message from the outbox by its place, if it is still there."""
        ...


class ClaimedMessages(Protocol):
    """Due messages that only this relay holds, until its block ends."""

    @property
    def messages(self) -> dict[int, OutboxMessage]:
        """The messages by their place in the outbox, in sending order."""
        ...

    def mark_sent(self, position: int, publication: Publication | None) -> None:
        """Note that Kafka has acknowledged a message, and the place of a job's request."""
        ...


class Outbox(Protocol):
    """Committed events that wait for the relay."""

    def claim(self, limit: int, *, without: Collection[str] = ()) -> AbstractAsyncContextManager[ClaimedMessages]:
        """Hold due messages, except of the topics *without*.

        If the block succeeds, messages marked as sent are deleted, the others released.
        """
        ...


class JobStore(Protocol):
    """Stores images and jobs durably. The rules are in tests/contracts/test_job_store.py.

    Every method raises `JobStoreUnavailableError` when the database is away, and `ValueRefusedError` for a value
    that it cannot hold.
    """

    async def add_originals(self, images: Sequence[StoredImage], *, key: IdempotencyKey | None = None) -> None:
        """Add all *images* and take *key*, or do neither; raise `KeyTakenError`."""
        ...

    async def find_image(self, image_id: UUID) -> StoredImage | None:
        """Return the image, original or variant, unless it is deleted; it may be returned for a few seconds more."""
        ...

    async def add_job(self, record: JobRecord, request: OutboxMessage, *, key: IdempotencyKey | None = None) -> None:
        """Add a job, its request and *key*, or none of them.

        Raises `ImageUnknownError`, also for a deleted original, or `KeyTakenError`. Of several callers with one key,
        one wins and the others wait.
        """
        ...

    async def find_by_idempotency_key(self, key: IdempotencyKey) -> list[UUID] | None:
        """Return the ids made under *key*, None for a new key; raise `KeyReusedError`."""
        ...

    async def forget_keys(self, *, older_than_hours: int) -> int:
        """Delete old idempotency keys; return how many."""
        ...

    async def find_reusable(self, works: Sequence[bytes]) -> dict[bytes, ReusableVariant]:
        """Return the newest variant for each reuse key in *works*, unless it was deleted; its blob may be gone."""
        ...

    async def find_job(self, job_id: UUID) -> JobRecord | None:
        """Return the job as last committed; raise `UnreadableJobError`."""
        ...

    def changing(self, job_ids: Iterable[UUID]) -> AbstractAsyncContextManager[JobChanges]:
        """Lock jobs; if the block succeeds, commit all changes recorded in it.

        Two callers with the same job wait for each other; the second sees the changes of the first.
        """
        ...

    async def list_unanswered(self, *, published_before: datetime, limit: int) -> list[Publication]:
        """Return the places of unfinished jobs' requests published before that time, the oldest first."""
        ...

    async def backlog(self) -> Backlog:
        """Return the backlog by the database's clock; this takes longer the more jobs are unfinished."""
        ...

    async def check(self) -> None:
        """Make sure that the database answers."""
        ...
