"""Brings the database to the schema this release needs: numbered SQL files, forward only."""

import asyncio
from hashlib import sha256
from importlib.resources import files

import asyncpg
import structlog

from common.settings.model import Settings

log = structlog.get_logger(__name__)

_LOCK = 0x1CECBE  # one migration at a time, whoever starts it
_LEDGER = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )"""


class MigrationError(Exception):
    """The database's history and this release's do not fit together."""


class SchemaVersionError(Exception):
    """The database is not at the schema this release needs."""


def migrations() -> dict[int, tuple[str, str]]:
    """Return this release's migrations: number -> file name and SQL."""
    folder = files("ingest_api.job_store") / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return {int(name.partition("_")[0]): (name, (folder / name).read_text("utf-8")) for name in names}


async def migrate(dsn: str) -> int:
    """Apply what is missing, each file in a transaction of its own; return how many were applied.

    Safe to run at once from several places. A file that was changed after it was applied, or a database
    of a newer release, raises `MigrationError`.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(_LEDGER)
        return await _apply_missing(connection)
    finally:
        await connection.close()


async def check_schema(connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]") -> None:
    """Raise `SchemaVersionError` when a migration of this release is missing.

    A newer schema is fine: a migration must leave the release before it working.
    """
    exists = await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL")
    applied = await connection.fetchval("SELECT max(number) FROM schema_migrations") if exists else None
    wanted = max(migrations())
    if applied is None or applied < wanted:
        found = f"at version {applied}" if applied else "empty"
        message = f"the database schema is {found}, this release needs version {wanted}: run `icecube migrate`"
        raise SchemaVersionError(message)


def run(settings: Settings) -> int:
    """Migrate the configured database; return the exit status."""
    applied = asyncio.run(migrate(settings.database.dsn))
    log.info("migrations applied", count=applied, version=max(migrations()))
    return 0


async def _apply_missing(connection: asyncpg.Connection) -> int:
    rows = await connection.fetch("SELECT number, checksum FROM schema_migrations")
    applied = {row["number"]: row["checksum"] for row in rows}
    known = migrations()
    if unknown := sorted(applied.keys() - known.keys()):
        message = f"the database holds migration {unknown[-1]}, which this release does not know: use a newer release"
        raise MigrationError(message)
    missing = {number: migration for number, migration in known.items() if number not in applied}
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


async def _apply(connection: asyncpg.Connection, number: int, name: str, sql: str) -> None:
    async with connection.transaction():
        await connection.execute(sql)
        insert = "INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, $3)"
        await connection.execute(insert, number, name, _checksum(sql))
    log.info("migration applied", name=name)


def _checksum(sql: str) -> str:
    return sha256(sql.encode()).hexdigest()
