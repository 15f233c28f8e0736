"""Batches on PostgreSQL: a row with a counter for each, beside the rows of its jobs."""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from ingest_api.domain.batch import Batch
from ingest_api.domain.idempotency import IdempotencyKey
from ingest_api.job_store import ImageUnknownError, OutboxMessage, StoredImage
from ingest_api.job_store.connecting import Connection, Pool, connection_of
from ingest_api.job_store.keys import take_key
from ingest_api.job_store.new_jobs import NewJob, insert_jobs
from ingest_api.job_store.rows import encode_tags, image_from, message_columns, tags_from
from ingest_api.job_store.statements import statement

Announce = Callable[[Batch], OutboxMessage]
"""Returns the message that tells of a batch's end."""


class PostgresBatches:
    """Every method raises `JobStoreUnavailableError` when the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find_originals(self, ids: Collection[UUID]) -> dict[UUID, StoredImage]:
        """Return the images that there are of *ids*."""
        async with connection_of(self._pool) as connection:
            rows = await connection.fetch(statement("find_images"), list(ids))
        return {row["id"]: image_from(row) for row in rows}

    async def add(self, batch: Batch, jobs: Sequence[NewJob], *, key: IdempotencyKey | None = None) -> None:
        """Add *batch*, its *jobs*, their requests and *key*, or none of them.

        Raises `ImageUnknownError` if an original is gone meanwhile, `KeyTakenError` or `ValueRefusedError`. The
        originals are locked by one statement, in the order of their ids.
        """
        async with connection_of(self._pool) as connection, connection.transaction():
            await take_key(connection, key, [batch.id])
            columns = (batch.id, batch.owner, encode_tags(batch.tags), batch.total, batch.created_at)
            await connection.execute(statement("insert_batch"), *columns)
            inserted = await insert_jobs(connection, jobs)
            if missing := set(jobs) - set(inserted):
                raise ImageUnknownError(missing.pop().record.original.id)

    async def find(self, batch_id: UUID) -> Batch | None:
        """Return the batch as last committed."""
        async with connection_of(self._pool) as connection:
            row = await connection.fetchrow(statement("find_batch"), batch_id)
        return batch_from(row) if row else None

    async def list_unfinished(self, batch_id: UUID, *, after: UUID, limit: int) -> list[UUID]:
        """Return the next unfinished jobs of a batch by id."""
        async with connection_of(self._pool) as connection:
            rows = await connection.fetch(statement("unfinished_in_batch"), batch_id, after, limit)
        return [row["id"] for row in rows]

    async def list_variants(self, batch_id: UUID, *, owner: str | None, after: UUID, limit: int) -> list[UUID]:
        """Return the next variants of a batch's jobs by id, without deleted ones, and others' than *owner*'s if set."""
        async with connection_of(self._pool) as connection:
            rows = await connection.fetch(statement("variants_in_batch"), batch_id, after, limit, owner)
        return [row["id"] for row in rows]

    async def mark_deleted(self, batch_id: UUID, *, at: datetime) -> None:
        """Note that a batch is deleted."""
        async with connection_of(self._pool) as connection:
            await connection.execute(statement("delete_batch"), batch_id, at)

    async def end_miscounted(self, announce: Announce, *, at: datetime, limit: int) -> int:
        """End batches whose jobs have all ended, some of them by a release that did not count; return how many."""
        async with connection_of(self._pool) as connection:
            rows = await connection.fetch(statement("miscounted_batches"), limit)
        return sum([await self._end_miscounted(row["id"], announce, at) for row in rows])

    async def _end_miscounted(self, batch_id: UUID, announce: Announce, at: datetime) -> bool:
        async with connection_of(self._pool) as connection, connection.transaction():
            ended = [row["id"] for row in await connection.fetch(statement("end_miscounted_batch"), batch_id, at)]
            await _publish(connection, await _announcements(connection, ended, announce))
        return bool(ended)


class BatchEnds:
    """Ended jobs of one transaction, to be counted in their batches' rows."""

    def __init__(self) -> None:
        self._ended: dict[UUID, int] = {}
        self._at: datetime | None = None
        self._announce: Announce | None = None

    def count(self, batch_id: UUID, announce: Announce, *, at: datetime) -> None:
        """Count one more."""
        self._ended[batch_id] = self._ended.get(batch_id, 0) + 1
        self._announce, self._at = announce, at

    async def write(self, connection: Connection) -> list[OutboxMessage]:
        """Count them, and return the messages of the batches that have ended by that. The jobs are written before."""
        if self._announce is None:
            return []
        columns = (list(self._ended), list(self._ended.values()), self._at)
        ended = [row["id"] for row in await connection.fetch(statement("count_batch_ends"), *columns)]
        return await _announcements(connection, ended, self._announce)


def batch_from(row: asyncpg.Record) -> Batch:
    """Return the batch in a row of find_batch."""
    return Batch(
        id=row["id"],
        owner=row["owner"],
        total=row["total"],
        created_at=row["created_at"],
        tags=tags_from(row["tags"]),
        counts=json.loads(row["counts"] or "{}"),
        ended_at=row["ended_at"],
        deleted_at=row["deleted_at"],
    )


async def _announcements(connection: Connection, ended: Sequence[UUID], announce: Announce) -> list[OutboxMessage]:
    if not ended:
        return []
    rows = await connection.fetch(statement("note_batch_counts"), ended)
    return [announce(batch_from(row)) for row in rows]


async def _publish(connection: Connection, messages: Sequence[OutboxMessage]) -> None:
    if messages:
        await connection.execute(statement("insert_messages"), *message_columns(messages))
