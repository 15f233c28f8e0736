"""What a processor tells of itself."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from common import metrics
from common.settings.groups import KafkaSettings
from common.settings.model import Settings
from processor.app import build_app
from processor.probes import Membership, ProbeServer, listening


@pytest_asyncio.fixture
async def app() -> Any:
    """Return an application that has not joined its group."""
    return build_app(Settings(kafka=KafkaSettings(brokers="127.0.0.1:1")))


@pytest_asyncio.fixture
async def http(app: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a client of the application's probes."""
    listener = listening("127.0.0.1", 0)
    server = ProbeServer(Membership(app), listener)
    await server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{listener.getsockname()[1]}") as http:
        yield http
    await server.stop()


async def status(http: aiohttp.ClientSession, path: str) -> int:
    """Return the status of the answer at *path*."""
    async with http.get(path) as response:
        return response.status


async def test_alive_before_ready(http: aiohttp.ClientSession) -> None:
    """A processor that waits for its group is alive, and not ready."""
    assert await status(http, "/livez") == 200
    assert await status(http, "/readyz") == 503


async def test_ready_while_it_has_its_partitions(app: Any, http: aiohttp.ClientSession) -> None:
    """Ready from the assignment on, until the partitions are taken back."""
    await app.on_partitions_assigned.send({1, 2, 3})

    assert await status(http, "/readyz") == 200
    async with http.get("/metrics") as response:
        assert "\nicecube_partitions_assigned 3.0\n" in await response.text()

    await app.on_partitions_revoked.send({1, 2, 3})

    assert await status(http, "/readyz") == 503


async def test_a_spare_is_ready(app: Any, http: aiohttp.ClientSession) -> None:
    """A member whose share is nothing does what it can: it stands by."""
    await app.on_partitions_assigned.send(set())

    assert await status(http, "/readyz") == 200


async def test_metrics_are_told_in_prometheus_format(http: aiohttp.ClientSession) -> None:
    """The content type names the version of the format, which Prometheus demands since 3.0."""
    metrics.JOBS_IN_HAND.set(0)

    async with http.get("/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        assert "icecube_jobs_in_hand 0.0" in await response.text()


async def test_a_taken_port_is_told(unused_port_holder: socket.socket) -> None:
    """The message names the setting to change."""
    port = unused_port_holder.getsockname()[1]

    with pytest.raises(OSError, match="ICECUBE_SERVER_METRICS_PORT"):
        await asyncio.to_thread(listening, "127.0.0.1", port)


@pytest.fixture
def unused_port_holder() -> Any:
    """Yield a socket that holds a port."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        yield holder
