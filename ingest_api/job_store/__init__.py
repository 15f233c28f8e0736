"""The truth about images, jobs and events still to be sent: the port; its adapter stands beside it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from common.events import RequestedTask, ReusableVariant
from ingest_api.domain.file_name import file_name
from ingest_api.domain.idempotency import IdempotencyKey
from ingest_api.domain.job import Job


class JobStoreUnavailableError(Exception):
    """PostgreSQL cannot serve now; nothing was written, or the same write may be made again."""


class ValueRefusedError(Exception):
    """PostgreSQL cannot hold a value it was given; nothing was written, and the same write would fail again."""


class UnreadableJobError(Exception):
    """A job's row is not as this release writes or reads them: a later release's. The message says why."""

    def __init__(self, job_id: UUID, reason: str) -> None:
        super().__init__(f"job {job_id} is unreadable: {reason}")
        self.job_id = job_id


class ImageUnknownError(Exception):
    """There is no image of this id to work on."""

    def __init__(self, image_id: UUID) -> None:
        super().__init__(f"no image {image_id}")
        self.image_id = image_id


class KeyTakenError(Exception):
    """The idempotency key was taken meanwhile: `find_by_idempotency_key` now tells what was made."""


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
    """Of an original's bytes; None for a variant, and for an original of a release that did not hash."""
    owner: str | None = None
    """Whose it is, and the jobs on it; None: nobody's, as of a release that knew no owners."""
    sent_name: str | None = None
    """What its uploader called the file, in any script; None where no name was sent, or only the safe one was kept."""

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
    """None: at once, whatever the clocks of this machine and the database say."""
    request_of: UUID | None = None
    """The job that the record asks for, whose place in Kafka is to be remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Where in Kafka a job's newest request stands."""

    job_id: UUID
    partition: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job with what it works on."""

    job: Job
    original: StoredImage
    tasks: tuple[RequestedTask, ...]
    created_at: datetime
    publication: Publication | None = None
    """Where the newest request stands; None while it is in the outbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How much waits to be done. Messages of a later attempt do not count before they are due."""

    outbox_depth: int = 0
    outbox_age_seconds: float = 0
    """How long the first due message has been due."""
    pending: int = 0
    processing: int = 0
    oldest_unfinished_seconds: float = 0
    """The age of the oldest job, pending or processing."""


class JobChanges(Protocol):
    """Jobs locked for change. What is recorded here is written together, or not at all."""

    @property
    def records(self) -> dict[UUID, JobRecord]:
        """The locked jobs as they are now; an unknown id is absent."""
        ...

    @property
    def unreadable(self) -> Mapping[UUID, UnreadableJobError]:
        """Those of the locked jobs whose rows this release cannot read."""
        ...

    def save(self, job: Job) -> None:
        """Replace the state of a locked job."""
        ...

    def add_images(self, images: Iterable[StoredImage]) -> None:
        """Add variants; one that is there already is left as it is."""
        ...

    def remember_variant(self, work: bytes, variant: ReusableVariant) -> None:
        """Remember *variant* as what *work* makes, in place of any older one."""
        ...

    def publish(self, message: OutboxMessage) -> None:
        """Add *message* to the outbox; the job it asks for counts as unpublished until the relay has sent it."""
        ...

    def withdraw(self, position: int) -> None:
        """Remove a message from the outbox by its place there; no error when it has gone."""
        ...


class ClaimedMessages(Protocol):
    """Due messages that this relay alone holds, until its block ends."""

    @property
    def messages(self) -> dict[int, OutboxMessage]:
        """The messages by their place in the outbox, in the order to send them in."""
        ...

    def mark_sent(self, position: int, publication: Publication | None) -> None:
        """Note that Kafka has acknowledged a message, and where a job's request now stands."""
        ...


class Outbox(Protocol):
    """Committed events on their way to Kafka."""

    def claim(self, limit: int, *, without: Collection[str] = ()) -> AbstractAsyncContextManager[ClaimedMessages]:
        """Hold due messages, none of the topics *without*.

        When the block ends well those marked as sent are forgotten, the others released.
        """
        ...


class JobStore(Protocol):
    """Durable home of images and jobs. The rules are in tests/contracts/test_job_store.py.

    Every method raises `JobStoreUnavailableError` when the database is away, and `ValueRefusedError` for a value
    that it cannot hold.
    """

    async def add_originals(self, images: Sequence[StoredImage], *, key: IdempotencyKey | None = None) -> None:
        """Add all of *images* and take *key*, or neither; raise `KeyTakenError`."""
        ...

    async def find_image(self, image_id: UUID) -> StoredImage | None:
        """Return the image, original or variant; one that was deleted may be returned for a while yet."""
        ...

    async def add_job(self, record: JobRecord, request: OutboxMessage, *, key: IdempotencyKey | None = None) -> None:
        """Add a job, the event that asks for it and *key*, or none of them.

        Raises `ImageUnknownError` or `KeyTakenError`. Of several callers with one key one wins; the others wait.
        """
        ...

    async def find_by_idempotency_key(self, key: IdempotencyKey) -> list[UUID] | None:
        """Return the ids of what was made under *key*, None for a new key; raise `KeyReusedError`."""
        ...

    async def forget_keys(self, *, older_than_hours: int) -> int:
        """Forget old idempotency keys; return how many."""
        ...

    async def find_reusable(self, works: Sequence[bytes]) -> dict[bytes, ReusableVariant]:
        """Return, for those of *works* that were done, the newest variant made; its blob may be gone."""
        ...

    async def find_job(self, job_id: UUID) -> JobRecord | None:
        """Return the job as last committed; raise `UnreadableJobError`."""
        ...

    def changing(self, job_ids: Iterable[UUID]) -> AbstractAsyncContextManager[JobChanges]:
        """Lock jobs and commit, when the block ends well, all that was recorded in it.

        Two callers that name the same job wait for each other; the second sees what the first wrote.
        """
        ...

    async def list_unanswered(self, *, published_before: datetime, limit: int) -> list[Publication]:
        """Return where the unfinished jobs published before that time stand in Kafka, the oldest first."""
        ...

    async def backlog(self) -> Backlog:
        """Return how much waits now, by the database's clock; the time it takes grows with what is unfinished."""
        ...

    async def check(self) -> None:
        """Make sure that the database answers."""
        ...
