"""What a processor tells of itself."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from common import metrics
from common.settings.groups import KafkaSettings
from common.settings.model import Settings
from processor.app import build_app
from processor.probe_connections import CONNECTIONS, BoundedServer
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


async def test_nothing_else_is_served(http: aiohttp.ClientSession) -> None:
    """Other paths and methods are refused; HEAD is as good as GET, and each connection serves one request."""
    assert await status(http, "/") == 404
    async with http.post("/livez", data=b"x") as posted, http.head("/livez") as head:
        assert (posted.status, head.status) == (405, 200)
        assert head.headers["Connection"] == "close"


async def refused(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the server closes the connection."""
    with suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), 60)
    return b""


@pytest.mark.parametrize(
    "head",
    [
        b"GET /livez?" + b"x" * 3000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 5000 + b"\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(60)) + b"\r\n",
    ],
    ids=["a long path", "a long field", "many fields"],
)
async def test_headers_have_bounds(http: aiohttp.ClientSession, head: bytes) -> None:
    """Who sends more is refused."""
    reader, writer = await asyncio.open_connection("127.0.0.1", http._base_url.port)  # type: ignore[union-attr] # noqa: SLF001 - ours

    writer.write(head)
    answer = await refused(reader)

    writer.close()
    assert b"200 OK" not in answer
    assert answer[:12] in {b"HTTP/1.0 400", b"HTTP/1.1 400", b""}


async def test_many_half_open_connections_keep_nobody_out(http: aiohttp.ClientSession) -> None:
    """The oldest of them end for each that comes; probes are answered meanwhile."""
    port = http._base_url.port  # type: ignore[union-attr] # noqa: SLF001 - ours
    half_open = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3 * CONNECTIONS)]
    for _, writer in half_open:
        writer.write(b"GET /livez HTTP/1.1\r\nX-A: ")

    assert await status(http, "/livez") == 200
    for reader, _ in half_open[: 2 * CONNECTIONS]:
        assert await refused(reader) == b""
    for _, writer in half_open:
        writer.close()


async def answer_nobody(_: web.BaseRequest) -> web.Response:
    """Wait for ever."""
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_connection_does_not_last() -> None:
    """A silent client, and one that sends half a request, are hung up on in time."""
    server = BoundedServer(answer_nobody, seconds=0.2)
    loop = asyncio.get_running_loop()
    async with await loop.create_server(server, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        silent, quiet = await asyncio.open_connection("127.0.0.1", port)
        dribbling, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /livez HTTP/1.1\r\nX-A: ")

        assert await refused(silent) == b""
        assert await refused(dribbling) == b""
        for one in (quiet, writer):
            one.close()


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
