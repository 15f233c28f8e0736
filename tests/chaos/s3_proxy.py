"""A proxy before the S3 server that can refuse, answer 500, or be slow."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

from deploy.local.ports import LOOPBACK

SLOW_SECONDS = 1.0
_CHUNK = 65536
_ERROR = b"<Error><Code>InternalError</Code><Message>chaos: try again</Message></Error>"
_REFUSAL = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/xml\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_ERROR), _ERROR)
)


class Mood(StrEnum):
    """How the proxy treats a connection."""

    KIND = "kind"
    REFUSING = "refusing"
    FAILING = "failing"
    SLOW = "slow"


class S3Proxy:
    """Passes connections on to *upstream*, byte by byte, as long as its mood allows."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._mood = Mood.KIND
        self._writers: set[StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self.endpoint = ""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["S3Proxy"]:
        """Listen while the block runs."""
        server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        self.endpoint = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            self._hang_up()
            await asyncio.gather(*self._serving)

    @asynccontextmanager
    async def being(self, mood: Mood) -> AsyncIterator[None]:
        """Be in *mood* while the block runs; open connections are dropped at its beginning."""
        self._mood = mood
        self._hang_up()
        try:
            yield
        finally:
            self._mood = Mood.KIND

    def _hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                match self._mood:
                    case Mood.REFUSING:
                        pass
                    case Mood.FAILING:
                        await reader.readuntil(b"\r\n\r\n")
                        writer.write(_REFUSAL)
                        await writer.drain()
                    case Mood.KIND | Mood.SLOW:
                        await self._pass_on(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _pass_on(self, reader: StreamReader, writer: StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(LOOPBACK, self._upstream_port)
        self._writers.add(up_writer)
        ways = [
            asyncio.create_task(self._copy(source, target))
            for source, target in ((reader, up_writer), (up_reader, writer))
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._writers.discard(up_writer)
            up_writer.close()
            with suppress(OSError):
                await up_writer.wait_closed()

    async def _copy(self, source: StreamReader, target: StreamWriter) -> None:
        while chunk := await source.read(_CHUNK):
            if self._mood is Mood.SLOW:
                await asyncio.sleep(SLOW_SECONDS)
            target.write(chunk)
            await target.drain()
