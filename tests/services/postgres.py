"""A real PostgreSQL for the session, and for each test a database of its own with the schema in it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.postgres.server import embedded_postgres
from ingest_api.job_store.migrating import migrate

_TEMPLATE = "template_icecube"


@pytest.fixture(scope="session")
def postgres_uri() -> Iterator[str]:
    """Yield the DSN of the session's server, as its superuser; its own database stays empty.

    The folder is not below pytest's own: as root, PostgreSQL runs as another account, and every pytest
    session that starts closes that folder to others again.
    """
    with (
        tempfile.TemporaryDirectory(prefix="icecube-tests-") as folder,
        embedded_postgres(Path(folder) / "postgres", durable=False) as server,
    ):
        yield server.dsn


@pytest.fixture(scope="session")
def migrated_template(postgres_uri: str) -> str:
    """Return the name of a database with the migrations applied, to be cloned and never opened."""
    asyncio.run(_make_template(postgres_uri))
    return _TEMPLATE


@pytest_asyncio.fixture
async def empty_database_uri(postgres_uri: str) -> AsyncIterator[str]:
    """Yield the DSN of a new, empty database, dropped after the test."""
    async with _database(postgres_uri, template="template0") as uri:
        yield uri


@pytest_asyncio.fixture
async def database_uri(postgres_uri: str, migrated_template: str) -> AsyncIterator[str]:
    """Yield the DSN of a new database with the schema in it, dropped after the test."""
    async with _database(postgres_uri, template=migrated_template) as uri:
        yield uri


async def _make_template(server: str) -> None:
    await _execute(server, f'CREATE DATABASE "{_TEMPLATE}"')
    await migrate(_with_database(server, _TEMPLATE))


@asynccontextmanager
async def _database(server: str, *, template: str) -> AsyncIterator[str]:
    name = f"test_{uuid4().hex}"
    # FILE_COPY: without fsync, twice as fast as the default for databases this small.
    await _execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    try:
        yield _with_database(server, name)
    finally:
        await _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')  # whatever a failed test left open


async def _execute(server: str, sql: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def _with_database(uri: str, name: str) -> str:
    parts = urlsplit(uri)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, parts.fragment))
