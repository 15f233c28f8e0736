"""Migrates the database to the schema of this release: numbered SQL files, forward only.

A file whose first line is `-- concurrently` is applied outside a transaction, statement by statement, so that it locks
no table that others write to. It must be one that can be applied again from its beginning.
"""

import asyncio
import re
from hashlib import sha256
from importlib.resources import files

import asyncpg
import structlog

from common.settings.model import Settings

log = structlog.get_logger(__name__)

_LOCK = 0x1CECBE  # only one process migrates at a time
_LOCK_POLL_SECONDS = 0.2
_CONCURRENTLY = "-- concurrently\n"
_STATEMENT_END = re.compile(r";[ \t]*(?:--.*)?$", re.MULTILINE)
_LEDGER = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )"""


class MigrationError(Exception):
    """The database's migrations do not match this release's."""


class SchemaVersionError(Exception):
    """The database does not have the schema that this release needs."""


def migrations() -> dict[int, tuple[str, str]]:
    """Return this release's migrations: number -> file name and SQL."""
    folder = files("ingest_api.job_store") / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return {int(name.partition("_")[0]): (name, (folder / name).read_text("utf-8")) for name in names}


async def migrate(dsn: str, *, up_to: int | None = None) -> int:
    """Apply missing migrations, each file in its own transaction, or concurrently; return how many were applied.

    *up_to* is the last one to apply; None: all.

    Safe to run at once from several places. A file that was changed after it was applied, or a database
    of a newer release, raises `MigrationError`.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await _wait_for_turn(connection)
        await connection.execute(_LEDGER)
        return await _apply_missing(connection, up_to or max(migrations()))
    finally:
        await connection.close()


async def check_schema(connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]") -> None:
    """Raise `SchemaVersionError` when a migration of this release is missing.

    A newer schema is fine: a migration must keep the previous release working.
    """
    exists = await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL")
    rows = await connection.fetch("SELECT number FROM schema_migrations") if exists else []
    applied, wanted = {row["number"] for row in rows}, migrations().keys()
    if missing := sorted(wanted - applied):
        found = f"lacks {len(missing)} migrations, the first is {missing[0]}" if applied else "is empty"
        message = f"the database schema {found}; this release needs version {max(wanted)}: run `icecube migrate`"
        raise SchemaVersionError(message)


def run(settings: Settings) -> int:
    """Migrate the configured database; return the exit status."""
    applied = asyncio.run(migrate(settings.database.dsn))
    log.info("migrations applied", count=applied, version=max(migrations()))
    return 0


async def _apply_missing(connection: asyncpg.Connection, up_to: int) -> int:
    rows = await connection.fetch("SELECT number, checksum FROM schema_migrations")
    applied = {row["number"]: row["checksum"] for row in rows}
    known = migrations()
    if unknown := sorted(applied.keys() - known.keys()):
        message = f"the database holds migration {unknown[-1]}, which this release does not know: use a newer release"
        raise MigrationError(message)
    missing = {number: migration for number, migration in known.items() if number not in applied and number <= up_to}
    for number in known.keys() & applied.keys():
        _refuse_edited(known[number], applied[number])
    for number, (name, sql) in missing.items():
        await _apply(connection, number, name, sql)
    return len(missing)


def _refuse_edited(migration: tuple[str, str], checksum: str) -> None:
    name, sql = migration
    if _checksum(sql) != checksum:
        message = f"{name} was changed after it was applied: restore it and add a new migration instead"
        raise MigrationError(message)


async def _wait_for_turn(connection: asyncpg.Connection) -> None:
    # Poll: a process that waits inside pg_advisory_lock holds a snapshot, and CREATE INDEX CONCURRENTLY of the lock's
    # holder would wait for it.
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):  # noqa: ASYNC110 - of another process
        await asyncio.sleep(_LOCK_POLL_SECONDS)


async def _apply(connection: asyncpg.Connection, number: int, name: str, sql: str) -> None:
    if sql.startswith(_CONCURRENTLY):
        for statement in _statements(sql):
            await connection.execute(statement)
        await _record(connection, number, name, sql)
    else:
        async with connection.transaction():
            await connection.execute(sql)
            await _record(connection, number, name, sql)
    log.info("migration applied", name=name)


async def _record(connection: asyncpg.Connection, number: int, name: str, sql: str) -> None:
    insert = "INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, $3)"
    await connection.execute(insert, number, name, _checksum(sql))


def _statements(sql: str) -> list[str]:
    return [statement for statement in _STATEMENT_END.split(sql) if statement.strip()]


def _checksum(sql: str) -> str:
    return sha256(sql.encode()).hexdigest()
