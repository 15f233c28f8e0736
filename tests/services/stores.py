"""A job store and its outbox, on a database of the test's own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ingest_api.job_store.connecting import Pool, open_pool
from ingest_api.job_store.outbox import PostgresOutbox
from ingest_api.job_store.postgres import PostgresJobStore


@pytest_asyncio.fixture
async def pool(database_uri: str) -> AsyncIterator[Pool]:
    """Yield connections to a database of the test's own."""
    async with open_pool(database_uri, max_connections=5) as pool:
        yield pool


@pytest.fixture
def jobs(pool: Pool) -> PostgresJobStore:
    """Return an empty store."""
    return PostgresJobStore(pool)


@pytest.fixture
def outbox(pool: Pool) -> PostgresOutbox:
    """Return the outbox of that store."""
    return PostgresOutbox(pool)
