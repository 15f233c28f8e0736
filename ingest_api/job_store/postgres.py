"""The job store on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime
from uuid import UUID

from common.events import ReusableVariant
from common.expiring_cache import ExpiringCache
from common.failpoints import Failpoint, fail_at
from ingest_api.domain.cleaning import Cleaned, Phase
from ingest_api.domain.idempotency import IdempotencyKey
from ingest_api.domain.job import Job
from ingest_api.job_store import (
    Backlog,
    ImageUnknownError,
    JobRecord,
    OutboxMessage,
    Publication,
    StoredImage,
    UnreadableJobError,
)
from ingest_api.job_store.batch_loader import BatchLoader
from ingest_api.job_store.batches import Announce, BatchEnds
from ingest_api.job_store.connecting import Connection, Pool, connection_of
from ingest_api.job_store.found_jobs import fetch_jobs
from ingest_api.job_store.keys import take_key
from ingest_api.job_store.new_jobs import NewJob, NewJobs, insert_jobs
from ingest_api.job_store.rows import (
    cleaning_columns,
    image_columns,
    image_from,
    job_columns,
    message_columns,
    publication_from,
    reusable_columns,
    reusable_from,
)
from ingest_api.job_store.statements import statement

_IMAGES_CACHED = 1000
"""Some 1 MB."""
_IMAGE_SECONDS = 5
"""How long a deleted image may still be found; the API's response caches add as much (`services.py`)."""


class PostgresJobChanges:
    """Collects changes while jobs are locked; see `JobChanges`."""

    def __init__(self, found: Mapping[UUID, JobRecord | UnreadableJobError]) -> None:
        self.records: dict[UUID, JobRecord] = {}
        self.unreadable: dict[UUID, UnreadableJobError] = {}
        self.add(found)
        self._jobs: dict[UUID, Job] = {}
        self._images: list[StoredImage] = []
        self._reusable: dict[bytes, ReusableVariant] = {}
        self._messages: list[OutboxMessage] = []
        self._withdrawn: list[int] = []
        self._batch_ends = BatchEnds()
        self._cleanings: dict[tuple[Cleaned, UUID], Phase] = {}

    def add(self, found: Mapping[UUID, JobRecord | UnreadableJobError]) -> None:
        """Add jobs that were locked."""
        self.records |= {job_id: one for job_id, one in found.items() if isinstance(one, JobRecord)}
        self.unreadable |= {job_id: one for job_id, one in found.items() if isinstance(one, UnreadableJobError)}

    def save(self, job: Job) -> None:
        """Replace the state of a locked job."""
        self._jobs[job.id] = job

    def add_images(self, images: Iterable[StoredImage]) -> None:
        """Add variants; existing ones stay as they are."""
        self._images.extend(images)

    def remember_variant(self, work: bytes, variant: ReusableVariant) -> None:
        """Remember *variant* under the reuse key *work*, in place of any older one."""
        self._reusable[work] = variant

    def publish(self, message: OutboxMessage) -> None:
        """Add *message* to the outbox."""
        self._messages.append(message)

    def add_cleaning(self, what: Cleaned, cleaned_id: UUID, phase: Phase) -> None:
        """Have something cleaned up from *phase* on, as soon as this is committed; one under way begins again."""
        self._cleanings[what, cleaned_id] = phase

    def count_batch_end(self, batch_id: UUID, announce: Announce, *, at: datetime) -> None:
        """Count the end of one of a batch's jobs; if it is the last, add the message that *announce* returns."""
        self._batch_ends.count(batch_id, announce, at=at)

    def withdraw(self, position: int) -> None:
        """Remove a message from the outbox, if it is still there."""
        self._withdrawn.append(position)

    @property
    def ended(self) -> list[UUID]:
        """The jobs that these changes end."""
        return [job.id for job in self._jobs.values() if job.has_ended]

    async def write(self, connection: Connection) -> None:
        """Write the changes, in a number of statements that does not depend on how many there are."""
        if self._images:
            await connection.execute(statement("insert_images"), *image_columns(self._images))
        if self._jobs:
            await connection.execute(statement("update_jobs"), *job_columns(self._jobs.values()))
        if self._reusable:
            await connection.execute(statement("upsert_reusable"), *reusable_columns(self._reusable))
        self._messages += await self._batch_ends.write(connection)
        if self._messages:
            await connection.execute(statement("insert_messages"), *message_columns(self._messages))
        if self._cleanings:
            await connection.execute(statement("insert_cleanings"), *cleaning_columns(self._cleanings))
        if self._withdrawn:
            await connection.execute(statement("delete_messages"), self._withdrawn)


class PostgresJobStore:
    """See `JobStore`. *tell_ended* is called with jobs whose ends it has committed."""

    def __init__(self, pool: Pool, *, tell_ended: Callable[[list[UUID]], None] = lambda _: None) -> None:
        self._pool = pool
        self._tell_ended = tell_ended
        self._images: ExpiringCache[UUID, StoredImage] = ExpiringCache(_IMAGES_CACHED, seconds=_IMAGE_SECONDS)
        self._jobs = BatchLoader(self._find_jobs)
        self._new_jobs = NewJobs(pool)
        self._works = BatchLoader(self._find_reusable)

    async def add_originals(self, images: Sequence[StoredImage], *, key: IdempotencyKey | None = None) -> None:
        """Add all *images* and take *key*, or do neither; raise `KeyTakenError`."""
        async with connection_of(self._pool) as connection, _together(connection, key):
            await take_key(connection, key, [image.id for image in images])
            await connection.execute(statement("insert_images"), *image_columns(images))

    async def find_image(self, image_id: UUID) -> StoredImage | None:
        """Return the image, original or variant; it is cached for seconds, as its row never changes."""
        image = self._images.get(image_id)
        if image is None:
            since = self._images.now()
            async with connection_of(self._pool) as connection:
                row = await connection.fetchrow(statement("find_image"), image_id)
            if row:
                image = image_from(row)
                self._images.put(image_id, image, since=since)
        return image

    async def add_job(self, record: JobRecord, request: OutboxMessage, *, key: IdempotencyKey | None = None) -> None:
        """Add a job, its event and its key, or none of them; raise `ImageUnknownError` or `KeyTakenError`."""
        new = NewJob(record, request)
        if key is None:
            await self._new_jobs.add(new)
            return
        async with connection_of(self._pool) as connection, connection.transaction():
            await take_key(connection, key, [record.job.id])
            if not await insert_jobs(connection, [new]):
                raise ImageUnknownError(record.original.id)

    async def find_by_idempotency_key(self, key: IdempotencyKey) -> list[UUID] | None:
        """Return the ids made under *key*, None for a new key; raise `KeyReusedError`."""
        async with connection_of(self._pool) as connection:
            row = await connection.fetchrow(statement("find_key"), key.operation, key.key)
        if row is None:
            return None
        key.check(stored=row["versioned_fingerprint"], first=row["fingerprint"])
        ids: list[UUID] = row["ids"]
        return ids

    async def forget_keys(self, *, older_than_hours: int) -> int:
        """Delete old idempotency keys; return how many."""
        async with connection_of(self._pool) as connection:
            return int(await connection.fetchval(statement("delete_keys"), older_than_hours))

    async def find_reusable(self, works: Sequence[bytes]) -> dict[bytes, ReusableVariant]:
        """Return the newest variant for each reuse key in *works* that has one; its blob may be gone."""
        found = await asyncio.gather(*(self._works.get(work) for work in works))
        return {work: variant for work, variant in zip(works, found, strict=True) if variant}

    async def _find_reusable(self, works: Sequence[bytes]) -> dict[bytes, ReusableVariant]:
        async with connection_of(self._pool) as connection:
            rows = await connection.fetch(statement("find_reusable"), works)
        found = {row["work"]: reusable_from(row) for row in rows}
        return {work: variant for work, variant in found.items() if variant}

    async def find_job(self, job_id: UUID) -> JobRecord | None:
        """Return the job as last committed; raise `UnreadableJobError`. Concurrent callers share a query."""
        found = await self._jobs.get(job_id)
        if isinstance(found, UnreadableJobError):
            raise found
        return found

    async def _find_jobs(self, job_ids: Sequence[UUID]) -> dict[UUID, JobRecord | UnreadableJobError]:
        async with connection_of(self._pool) as connection:
            return await fetch_jobs(connection, job_ids)

    @asynccontextmanager
    async def changing(self, job_ids: Iterable[UUID]) -> AsyncIterator[PostgresJobChanges]:
        """Lock jobs; if the block succeeds, commit all changes recorded in it."""
        ids = list(job_ids)
        async with connection_of(self._pool) as connection, connection.transaction():
            # After waiting for a lock, READ COMMITTED reads the row again: the result is never older.
            changes = PostgresJobChanges(await fetch_jobs(connection, ids, lock=True))
            yield changes
            await changes.write(connection)
            fail_at(Failpoint.CHANGES_WRITTEN_NOT_COMMITTED)
        self._tell_ended(changes.ended)

    async def find_ended(self, job_ids: Sequence[UUID]) -> list[UUID]:
        """Return those of *job_ids* that have ended."""
        async with connection_of(self._pool) as connection:
            return [row["id"] for row in await connection.fetch(statement("ended_jobs"), job_ids)]

    async def list_unanswered(self, *, published_before: datetime, limit: int) -> list[Publication]:
        """Return the places of unfinished jobs' requests published before that time, the oldest first."""
        async with connection_of(self._pool) as connection:
            rows = await connection.fetch(statement("unanswered_jobs"), published_before, limit)
        return [publication_from(row) for row in rows]

    async def backlog(self) -> Backlog:
        """Return the backlog by the database's clock."""
        async with connection_of(self._pool) as connection:
            row = await connection.fetchrow(statement("backlog"))
        return Backlog(**row) if row else Backlog()

    async def check(self) -> None:
        """Make sure that the database answers."""
        async with connection_of(self._pool) as connection:
            await connection.fetchval("SELECT 1")


def _together(connection: Connection, key: IdempotencyKey | None) -> AbstractAsyncContextManager[object]:
    """Return a transaction if a key makes it two statements; one alone needs none, and saves two round trips."""
    return connection.transaction() if key else nullcontext()
