"""Each test has a database to itself, with the schema in it."""

import asyncpg
import pytest


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_a_database_is_migrated_and_unshared(database_uri: str, turn: str) -> None:
    """A table that one test makes is not there for the next; the schema is there for both."""
    connection = await asyncpg.connect(database_uri)

    try:
        await connection.execute("CREATE TABLE only_mine (turn text)")
        await connection.execute("INSERT INTO only_mine VALUES ($1)", turn)
        rows = await connection.fetchval("SELECT count(*) FROM only_mine")
        migrated = await connection.fetchval("SELECT count(*) FROM schema_migrations")
    finally:
        await connection.close()

    assert rows == 1
    assert migrated >= 1
