"""The proxy before S3: it does to connections what its mood says, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest
import pytest_asyncio

from deploy.local.ports import LOOPBACK
from tests.chaos.s3_proxy import Mood, S3Proxy

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest_asyncio.fixture
async def proxy() -> AsyncIterator[S3Proxy]:
    """Yield a proxy before a server that greets whoever asks, again and again."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(_ANSWER)
        writer.close()

    server = await asyncio.start_server(greet, LOOPBACK, 0)
    async with server, S3Proxy(server.sockets[0].getsockname()[1]).listening() as proxy:
        yield proxy


async def answer_of(proxy: S3Proxy) -> httpx.Response:
    """Return the answer to a client that comes anew."""
    async with httpx.AsyncClient(base_url=proxy.endpoint) as http:
        return await http.get("/")


async def test_it_passes_on_what_both_sides_say(proxy: S3Proxy) -> None:
    """In a kind mood nobody notices it, however often they ask on one connection."""
    async with httpx.AsyncClient(base_url=proxy.endpoint) as http:
        answers = [(await http.get("/")).text for _ in range(2)]

    assert answers == ["hello", "hello"]


async def test_it_fails_as_long_as_it_is_told_to(proxy: S3Proxy) -> None:
    """The answer is the 500 of an S3 server; afterwards all is as before."""
    async with proxy.being(Mood.FAILING):
        during = await answer_of(proxy)
    after = await answer_of(proxy)

    assert (during.status_code, after.status_code) == (500, 200)
    assert "<Code>InternalError</Code>" in during.text


async def test_it_drops_the_connections_that_are_open_when_its_mood_changes(proxy: S3Proxy) -> None:
    """A client that keeps its connection is not spared."""
    async with httpx.AsyncClient(base_url=proxy.endpoint) as http:
        await http.get("/")

        async with proxy.being(Mood.REFUSING):
            with pytest.raises(httpx.TransportError):
                await http.get("/")


async def test_it_is_slow_by_the_second(proxy: S3Proxy) -> None:
    """Each piece waits: a client of little patience gives up."""
    async with (
        proxy.being(Mood.SLOW),
        httpx.AsyncClient(base_url=proxy.endpoint, timeout=httpx.Timeout(60, read=0.3)) as http,
    ):
        with pytest.raises(httpx.ReadTimeout):
            await http.get("/")
