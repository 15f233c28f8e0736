"""How a database gets its schema."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from ingest_api.job_store import migrating
from ingest_api.job_store.connecting import connection_of, open_pool
from ingest_api.job_store.migrating import MigrationError, SchemaVersionError, check_schema, migrate, migrations

INSERT_IMAGE = """
    INSERT INTO images (id, original_name, format, width, height, byte_size, created_at)
    VALUES (gen_random_uuid(), 'x', 'png', 1, 1, 1, now())"""
IS_WAITING = """
    SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND wait_event_type = 'Lock'
                   AND query LIKE '%CREATE INDEX CONCURRENTLY%')"""


async def execute(dsn: str, sql: str) -> None:
    """Run *sql*."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def check(dsn: str) -> None:
    """Check the schema as a starting API does."""
    async with open_pool(dsn, max_connections=1) as pool, connection_of(pool) as connection:
        await check_schema(connection)


async def test_six_at_once_apply_each_migration_once(empty_database_uri: str) -> None:
    """However many pods start together, one migrates and the others wait for it."""
    applied = await asyncio.gather(*(migrate(empty_database_uri) for _ in range(6)))

    assert sorted(applied) == [0, 0, 0, 0, 0, len(migrations())]
    await check(empty_database_uri)


async def test_a_migrated_database_is_left_alone(database_uri: str) -> None:
    """Migrating again applies nothing."""
    assert await migrate(database_uri) == 0


async def test_each_migration_has_a_number_of_its_own() -> None:
    """Two files with one number would hide each other. Gaps are fine: what was applied is known by number."""
    files = list(Path(migrating.__file__).parent.glob("migrations/*.sql"))

    assert sorted(name for name, _ in migrations().values()) == sorted(file.name for file in files)


async def test_a_migration_edited_after_it_was_applied_is_refused(database_uri: str) -> None:
    """The file that was applied is the file that stays; the message names it and says what to do."""
    await execute(database_uri, "UPDATE schema_migrations SET checksum = 'other' WHERE number = 1")

    with pytest.raises(MigrationError, match=r"0001_.*add a new migration"):
        await migrate(database_uri)


async def test_a_database_of_a_newer_release_is_not_migrated(database_uri: str) -> None:
    """An older `icecube migrate` refuses, and changes nothing."""
    await execute(database_uri, "INSERT INTO schema_migrations (number, name, checksum) VALUES (9999, 'x', 'x')")

    with pytest.raises(MigrationError, match="newer release"):
        await migrate(database_uri)


async def test_the_release_before_goes_on_beside_a_newer_schema(database_uri: str) -> None:
    """During an upgrade its API processes may still be started."""
    await execute(database_uri, "INSERT INTO schema_migrations (number, name, checksum) VALUES (9999, 'x', 'x')")

    await check(database_uri)


async def test_an_api_does_not_start_on_an_older_schema(database_uri: str, empty_database_uri: str) -> None:
    """The message names both versions and the command to run."""
    newest = "DELETE FROM schema_migrations WHERE number = (SELECT max(number) FROM schema_migrations)"
    await execute(database_uri, newest)

    for dsn, found in ((database_uri, f"lacks 1 .*{max(migrations())}"), (empty_database_uri, "empty")):
        with pytest.raises(SchemaVersionError, match=f"{found}.*version {max(migrations())}.*icecube migrate"):
            await check(dsn)


async def test_indexes_are_built_while_others_write(empty_database_uri: str) -> None:
    """A transaction that has written to a table, and goes on, is not waited for with the table locked."""
    await migrate(empty_database_uri, up_to=5)
    writer, other = [await asyncpg.connect(empty_database_uri) for _ in range(2)]
    transaction = writer.transaction()
    await transaction.start()
    await writer.execute(INSERT_IMAGE)

    migration = asyncio.create_task(migrate(empty_database_uri))
    async with asyncio.timeout(60):
        while not await other.fetchval(IS_WAITING):
            await asyncio.sleep(0.01)
        await other.execute(INSERT_IMAGE)
        await transaction.commit()
        assert await migration == len([number for number in migrations() if number > 5])
    await writer.close()
    await other.close()


async def test_indexes_that_a_crash_left_half_built_are_built_anew(empty_database_uri: str) -> None:
    """Such an index is there by its name, and used by no query."""
    await migrate(empty_database_uri, up_to=5)
    await execute(empty_database_uri, "CREATE INDEX jobs_by_original ON jobs (original_id) WHERE false")

    await migrate(empty_database_uri)

    connection = await asyncpg.connect(empty_database_uri)
    definition = await connection.fetchval("SELECT pg_get_indexdef('jobs_by_original'::regclass)")
    await connection.close()
    assert "WHERE" not in definition
