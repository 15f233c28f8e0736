"""The API as a process serves it: real sockets, real PostgreSQL, a disk store; Kafka away unless a test brings one."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest
import pytest_asyncio

from common.settings.groups import BlobSettings, BlobType, DatabaseSettings, DatabaseType, KafkaSettings, LimitsSettings
from common.settings.model import Settings
from ingest_api.server import ApiServer, config_of

NO_BROKER = "127.0.0.1:1"
SMALL_LIMITS = LimitsSettings(upload_bytes=400_000, upload_files=3, megapixels=1, side_pixels=3000, tasks=4)
"""Limits low enough to be gone beyond with small files."""


@dataclass
class Api:
    """A running API, and ways to look behind it."""

    http: httpx.AsyncClient
    settings: Settings

    async def rows(self, table: str) -> int:
        """Return how many rows *table* has."""
        connection = await asyncpg.connect(self.settings.database.dsn)
        try:
            count: int = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - the test's own word
            return count
        finally:
            await connection.close()

    def files(self) -> list[Path]:
        """Return every file below the store's folder: blobs, and anything half done."""
        return [path for path in self.settings.blob_folder.rglob("*") if path.is_file()]

    async def holds_nothing(self, *, seconds: float = 30) -> bool:
        """Say whether neither rows nor files are there; readiness probes come and go, so look a few times."""
        try:
            async with asyncio.timeout(seconds):
                while self.files() or any([await self.rows(table) for table in ("images", "jobs", "outbox")]):
                    await asyncio.sleep(0.01)
        except TimeoutError:
            return False
        return True


@pytest.fixture
def settings(database_uri: str, tmp_path: Path) -> Settings:
    """Return settings for a database and a folder of the test's own."""
    return Settings.model_validate(
        {
            "database": DatabaseSettings.model_validate({"type": DatabaseType.POSTGRES, "uri": database_uri}),
            "blob": BlobSettings(type=BlobType.DISK, disk_path=tmp_path / "images"),
            "kafka": KafkaSettings(brokers=NO_BROKER),
            "limits": SMALL_LIMITS,
        }
    )


@pytest_asyncio.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    """Yield a running API."""
    async with running_api(settings) as api:
        yield api


@asynccontextmanager
async def running_api(settings: Settings) -> AsyncIterator[Api]:
    """Serve the API on a free port for as long as the block runs."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = ApiServer(config_of(settings))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(60):
            while not (server.started or serving.done()):
                await asyncio.sleep(0.01)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            yield Api(http, settings)
    finally:
        server.should_exit = True
        await serving
        listener.close()
