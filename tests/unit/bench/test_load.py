"""The generator of HTTP load."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest

from tests.bench.service.http_load import get, sent

Answer = Callable[[StreamReader, StreamWriter], Coroutine[None, None, None]]


async def _in_pieces(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer each request with a body of five bytes, cut wherever it hurts."""
    while await reader.read(1):
        await reader.readuntil(b"\r\n\r\n")
        for piece in (b"HTTP/1.1 200 OK\r\nContent-", b"Length: 5\r\n\r\n12", b"345"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)


async def _refusing(reader: StreamReader, writer: StreamWriter) -> None:
    while await reader.read(1):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n")


async def _silent(reader: StreamReader, _: StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def test_each_request_is_sent_once() -> None:
    """Without a duration each request is sent once, over however many connections, and each answer is timed."""
    async with _server(_in_pieces) as port:
        found = await sent(port, [get("/")] * 50, connections=4)

    assert found.answers == {"200": 50}
    assert len(found.latencies) == 50


async def test_requests_for_a_while() -> None:
    """For a duration the requests are sent over and over; those of the warm-up are answered but not timed."""
    async with _server(_in_pieces) as port:
        found = await sent(port, [get("/")], connections=2, seconds=2)

    assert 0 < len(found.latencies) < found.answers["200"]


@pytest.mark.parametrize("answer", [_refusing, _silent])
async def test_refusals(answer: Answer) -> None:
    """A refusal or a lost connection is an error and never a fast answer."""
    async with _server(answer) as port:
        with pytest.raises(RuntimeError):
            await sent(port, [get("/")] * 3, connections=1)


@asynccontextmanager
async def _server(answer: Answer) -> AsyncIterator[int]:
    ended: list[asyncio.Event] = []

    async def handle(reader: StreamReader, writer: StreamWriter) -> None:
        ended.append(asyncio.Event())
        this = ended[-1]
        try:
            await answer(reader, writer)
        finally:
            writer.close()
            this.set()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*(one.wait() for one in ended))
