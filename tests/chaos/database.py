"""What the database can testify: every ending of a job, written down by a trigger of the harness's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg

_WITNESS = """
    CREATE TABLE chaos_endings (job_id uuid NOT NULL, state text NOT NULL);
    CREATE FUNCTION chaos_note_ending() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF new.state IN ('completed', 'failed') OR old.state IN ('completed', 'failed') THEN
            INSERT INTO chaos_endings (job_id, state) VALUES (new.id, new.state);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER chaos_witness AFTER UPDATE OF state ON jobs FOR EACH ROW EXECUTE FUNCTION chaos_note_ending();
"""
"""Any write of the state of an ended job counts as another ending."""

_JOBS = """
    SELECT jobs.id::text, state, code, reason, jobs.created_at, ended_at, tasks::text,
           (SELECT count(*) FROM chaos_endings WHERE job_id = jobs.id) AS endings
    FROM jobs
"""


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as the database has it."""

    id: str
    state: str
    code: str | None
    reason: str | None
    created_at: datetime
    ended_at: datetime | None
    tasks: str
    endings: int


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


async def is_quiet(dsn: str) -> bool:
    """Say whether every job has ended and every event has left the outbox."""
    async with connected(dsn) as connection:
        left: int = await connection.fetchval(
            "SELECT (SELECT count(*) FROM jobs WHERE ended_at IS NULL) + (SELECT count(*) FROM outbox)"
        )
        return left == 0
