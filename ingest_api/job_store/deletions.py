"""Deletes images on PostgreSQL: their rows stay, marked, for the jobs that refer to them.

A deletion is a transaction of several statements: each sees what was committed while the one before waited.
Keeps the protocol's rule "deletion" (ARCHITECTURE.md).
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from common.failpoints import Failpoint, fail_at
from ingest_api.job_store import JobChanges
from ingest_api.job_store.connecting import Connection, Pool, connection_of
from ingest_api.job_store.postgres import PostgresJobChanges
from ingest_api.job_store.rows import readable_or_not
from ingest_api.job_store.statements import statement


@dataclass(frozen=True, slots=True)
class ImageTrace:
    """What is known of an image, deleted or not."""

    owner: str | None
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class DeletedImage:
    """An image whose row was marked."""

    id: UUID
    original_id: UUID | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class Deletion:
    """A deletion to be committed: the images it marked, and their unfinished jobs, locked for change."""

    asked: frozenset[UUID]
    """The images to be deleted; the others were made from them."""
    images: Sequence[DeletedImage]
    changes: JobChanges


class PostgresDeletions:
    """Every method raises `JobStoreUnavailableError` when the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, image_id: UUID) -> ImageTrace | None:
        """Return what is known of an image; None if it never was, or its row is gone too."""
        async with connection_of(self._pool) as connection:
            row = await connection.fetchrow(statement("find_image_trace"), image_id)
        return ImageTrace(**row) if row else None

    @asynccontextmanager
    async def deleting(self, image_ids: Sequence[UUID]) -> AsyncIterator[Deletion]:
        """Mark images and what was made from them, withdraw offers to them; commit if the block succeeds.

        An image that is deleted already is not among those of the deletion. Of two callers the second waits.
        """
        async with (
            connection_of(self._pool) as connection,
            connection.transaction(),
            _deletion(connection, image_ids) as deletion,
        ):
            yield deletion

    @asynccontextmanager
    async def deleting_expired(self, limit: int) -> AsyncIterator[Deletion]:
        """Do so with images whose requests gave them a time, which is over."""
        async with self._deleting_claimed("claim_expired_images", limit) as deletion:
            yield deletion

    @asynccontextmanager
    async def deleting_old(self, limit: int, *, originals: bool, days: int) -> AsyncIterator[Deletion]:
        """Do so with originals, or with variants, older than some *days*."""
        name = "claim_old_originals" if originals else "claim_old_variants"
        async with self._deleting_claimed(name, limit, days) as deletion:
            yield deletion

    @asynccontextmanager
    async def _deleting_claimed(self, name: str, *arguments: object) -> AsyncIterator[Deletion]:
        async with connection_of(self._pool) as connection, connection.transaction():
            ids = [row["id"] for row in await connection.fetch(statement(name), *arguments)]
            async with _deletion(connection, ids) as deletion:
                yield deletion


@asynccontextmanager
async def _deletion(connection: Connection, image_ids: Sequence[UUID]) -> AsyncIterator[Deletion]:
    deletion, changes = await _delete(connection, image_ids)
    yield deletion
    await changes.write(connection)
    fail_at(Failpoint.DELETION_WRITTEN_NOT_COMMITTED)


async def _delete(connection: Connection, image_ids: Sequence[UUID]) -> tuple[Deletion, PostgresJobChanges]:
    family, changes = await _lock_family(connection, image_ids)
    marked = await connection.fetch(statement("mark_deleted"), family)
    images = [DeletedImage(**row) for row in marked]
    for cleared in ("delete_image_tags", "withdraw_offers"):
        await connection.execute(statement(cleared), [image.id for image in images])
    return Deletion(frozenset(image_ids), images, changes), changes


async def _lock_family(connection: Connection, image_ids: Sequence[UUID]) -> tuple[list[UUID], PostgresJobChanges]:
    """Lock images, what was made from them, and the unfinished jobs; return the family and its jobs.

    Results may add to the family until its jobs are locked: look again, until nothing was added.
    """
    locked: set[UUID] = set()
    changes = PostgresJobChanges({})
    while True:
        family = [row["id"] for row in await connection.fetch(statement("made_from"), image_ids)]
        if not (added := set(family) - locked):
            return family, changes
        await connection.execute(statement("lock_images"), list(added))
        jobs = [row["id"] for row in await connection.fetch(statement("unfinished_jobs_of"), list(added))]
        changes.add(readable_or_not(await connection.fetch(statement("find_jobs") + statement("lock_jobs"), jobs)))
        locked |= added
