"""What the database can testify: every ending of a job, written down by a trigger of the harness's own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg

_WITNESS = """
    CREATE TABLE chaos_endings (job_id uuid NOT NULL, state text NOT NULL);
    CREATE FUNCTION chaos_note_ending() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF new.ended_at IS NOT NULL OR old.ended_at IS NOT NULL THEN
            INSERT INTO chaos_endings (job_id, state) VALUES (new.id, new.state);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER chaos_witness AFTER UPDATE OF state ON jobs FOR EACH ROW EXECUTE FUNCTION chaos_note_ending();

    CREATE TABLE chaos_batch_endings (batch_id uuid NOT NULL);
    CREATE FUNCTION chaos_note_batch_ending() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF new.ended_at IS NOT NULL OR old.ended_at IS NOT NULL THEN
            INSERT INTO chaos_batch_endings (batch_id) VALUES (new.id);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER chaos_batch_witness AFTER UPDATE OF unfinished, ended_at ON batches
        FOR EACH ROW EXECUTE FUNCTION chaos_note_batch_ending();
"""
"""Any write of the state of an ended job, or of the counter of an ended batch, counts as another ending."""

_JOBS = """
    SELECT jobs.id::text, original_id::text, state, code, reason, jobs.created_at, ended_at, tasks::text,
           (SELECT count(*) FROM chaos_endings WHERE job_id = jobs.id) AS endings, batch_id::text
    FROM jobs
"""

_BATCHES = """
    SELECT id::text, total, unfinished, ended_at,
           (SELECT count(*) FROM chaos_batch_endings WHERE batch_id = batches.id) AS endings
    FROM batches
"""


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as the database has it."""

    id: str
    original_id: str
    state: str
    code: str | None
    reason: str | None
    created_at: datetime
    ended_at: datetime | None
    tasks: str
    endings: int
    batch_id: str | None = None


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch as the database has it."""

    id: str
    total: int
    unfinished: int
    ended_at: datetime | None
    endings: int


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image as the database has it; an original has no *original_id*."""

    id: str
    original_id: str | None
    deleted_at: datetime | None


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Yield a connection of the harness's own."""
    connection = await asyncpg.connect(dsn, timeout=5, server_settings={"application_name": "chaos"})
    try:
        yield connection
    finally:
        connection.terminate()  # in order or not: the server may be gone


async def set_up_witness(dsn: str) -> None:
    """Let the database note every ending from now on."""
    async with connected(dsn) as connection:
        await connection.execute(_WITNESS)


async def all_jobs(dsn: str) -> list[JobRow]:
    """Return every job, also those whose client never got its answer."""
    async with connected(dsn) as connection:
        return [JobRow(**row) for row in await connection.fetch(_JOBS)]


async def all_batches(dsn: str) -> list[BatchRow]:
    """Return every batch, also those whose client never got its answer."""
    async with connected(dsn) as connection:
        return [BatchRow(**row) for row in await connection.fetch(_BATCHES)]


async def all_images(dsn: str) -> list[ImageRow]:
    """Return every image, deleted or not."""
    async with connected(dsn) as connection:
        rows = await connection.fetch("SELECT id::text, original_id::text, deleted_at FROM images")
        return [ImageRow(**row) for row in rows]


async def images_without_row(dsn: str, ids: Sequence[str]) -> list[str]:
    """Return those of *ids* that no image has, or only a deleted one."""
    async with connected(dsn) as connection:
        rows = await connection.fetch(
            "SELECT id::text FROM unnest($1::uuid[]) AS asked (id)"
            " WHERE NOT EXISTS (SELECT FROM images WHERE images.id = asked.id AND deleted_at IS NULL)",
            ids,
        )
        return [row["id"] for row in rows]


async def is_quiet(dsn: str) -> bool:
    """Say whether every job has ended, every event has left the outbox, and all is swept.

    A deleted variant's cleaning ends by handing over to its job's.
    """
    async with connected(dsn) as connection:
        left: int = await connection.fetchval(
            "SELECT (SELECT count(*) FROM jobs WHERE ended_at IS NULL) + (SELECT count(*) FROM outbox)"
            " + (SELECT count(*) FROM cleanings WHERE phase <> 'forget' OR what = 'variant')"
        )
        return left == 0
