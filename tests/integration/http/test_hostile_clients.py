"""What no client can do to the others: bounds on headers, on silence, and on connections; over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import repeat

import psutil
import pytest

from common.settings.model import Settings
from tests.integration.http.test_overload import with_limits
from tests.services.api import Api, running_api

HEAD = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
UPLOAD = (
    b"POST /api/v1/images HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=B\r\n"
    b'Content-Length: 999999\r\n\r\n--B\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\nabc'
)
JOB = b"POST /api/v1/job HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = JOB + b"Transfer-Encoding: chunked\r\n\r\n"
MIB = 1024 * 1024


class Client:
    """A client that may misbehave."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self, *, seconds: float = 60) -> tuple[int, str]:
        """Return status and code of all that comes until the server closes; 0 where nothing does."""
        async with asyncio.timeout(seconds):
            with suppress(ConnectionResetError):
                return parsed(await self.reader.read())
        return 0, "reset"

    async def flood(self, pieces: Iterator[bytes], *, byte_count: int) -> int:
        """Send *pieces* until *byte_count* is reached or the server hangs up; return how many bytes it took."""
        sent = 0
        with suppress(ConnectionError):
            for piece in pieces:
                self.writer.write(piece)
                await self.writer.drain()
                sent += len(piece)
                if sent >= byte_count:
                    break
        return sent


def parsed(answer: bytes) -> tuple[int, str]:
    """Return the status of an answer, and the code of a problem."""
    if not answer:
        return 0, ""
    head, _, body = answer.partition(b"\r\n\r\n")
    is_problem = b"application/problem+json" in head
    return int(head[9:12]), str(json.loads(body)["code"]) if is_problem else ""


@asynccontextmanager
async def client(api: Api, sent: bytes = b"") -> AsyncIterator[Client]:
    """Yield a connection to *api* on which *sent* was sent."""
    reader, writer = await asyncio.open_connection(api.http.base_url.host, api.http.base_url.port)
    try:
        writer.write(sent)
        await writer.drain()
        yield Client(reader, writer)
    finally:
        writer.close()


def one_header() -> Iterator[bytes]:
    """Yield a header that never ends."""
    yield HEAD + b"X-A: "
    while True:
        yield b"a" * 65536


def many_headers() -> Iterator[bytes]:
    """Yield headers without end."""
    yield HEAD
    while True:
        yield b"X-A: y\r\n" * 8000


def one_path() -> Iterator[bytes]:
    """Yield a request line that never ends."""
    yield b"GET /"
    while True:
        yield b"a" * 65536


def trailers() -> Iterator[bytes]:
    """Yield fields after a body, without end."""
    yield CHUNKED + b"2\r\n{}\r\n0\r\n"
    while True:
        yield b"X-A: y\r\n" * 8000


def chunk_extension() -> Iterator[bytes]:
    """Yield an extension of a chunk that never ends."""
    yield CHUNKED + b"2;a="
    while True:
        yield b"a" * 65536


def sent_ahead() -> Iterator[bytes]:
    """Yield requests that nobody waits to see answered."""
    while True:
        yield (HEAD + b"\r\n") * 2000


FLOODS = {
    "one header": (one_header, 431, "headers_too_large"),
    "many headers": (many_headers, 431, "headers_too_large"),
    "one path": (one_path, 431, "headers_too_large"),
    "fields after a body": (trailers, 431, "headers_too_large"),
    "chunk extension": (chunk_extension, 431, "headers_too_large"),
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_of_headers_is_cut_off(api: Api, flood: str) -> None:
    """What has no end is refused after some KiB, told so, and takes no memory."""
    pieces, status, code = FLOODS[flood]
    before = psutil.Process().memory_info().rss

    async with client(api) as attacker:
        sent = await attacker.flood(pieces(), byte_count=130 * MIB)

        assert sent < 16 * MIB  # ours, the system's buffers, and what a refused client is listened to for
        assert psutil.Process().memory_info().rss - before < 32 * MIB
    async with client(api) as attacker:
        await attacker.flood(pieces(), byte_count=300_000)
        assert await attacker.answer() == (status, code)


async def test_requests_sent_ahead_without_end_are_cut_off(api: Api) -> None:
    """Those in hand are answered, in order; then the connection ends with a problem, before thousands have queued."""
    async with client(api, (HEAD + b"\r\n") * 2000) as attacker:
        async with asyncio.timeout(60):
            answers = await attacker.reader.read()

    assert 1 <= answers.count(b"HTTP/1.1 200") <= 40
    assert parsed(answers[answers.rindex(b"HTTP/1.1 ") :]) == (429, "too_many_sent_ahead")


async def test_headers_within_the_limits_are_taken(api: Api) -> None:
    """A hundred fields of 64 KiB together are served, in one piece or in many; one more of either is not."""
    fields = [b"X-%02d: %s\r\n" % (number, b"v" * 600) for number in range(99)]

    async with client(api) as fair:
        for piece in (HEAD + b"Connection: close\r\n", *fields[1:], b"\r\n"):
            fair.writer.write(piece)
            await fair.writer.drain()
        assert await fair.answer() == (200, "")
    async with client(api, HEAD + b"".join(fields) + b"X-A: 1\r\n\r\n") as one_more:
        assert await one_more.answer() == (431, "headers_too_large")
    async with client(api, HEAD + b"X-A: " + b"v" * 65536 + b"\r\n\r\n") as too_long:
        assert await too_long.answer() == (431, "headers_too_large")


async def test_a_large_body_is_no_header(api: Api) -> None:
    """Requests after a body longer than any header may be are served on the same connection."""
    body = b'{"x":"' + b"a" * 200_000 + b'"}'
    post = b"POST /api/v1/job HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

    async with client(api, post + b"Content-Length: %d\r\n\r\n" % len(body) + body) as fair:
        fair.writer.write(HEAD + b"Connection: close\r\n\r\n")
        async with asyncio.timeout(60):
            answers = await fair.reader.read()

    assert answers.count(b"HTTP/1.1 400") == answers.count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize("pieces", ["at once", "apart"])
async def test_an_offer_of_another_protocol_is_passed_over(api: Api, pieces: str) -> None:
    """The request is served with its body, as if it had not come; Java's client and `curl --http2` make such offers."""
    inner = HEAD + b"\r\n"
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
    with_length = JOB + offer + b"Content-Length: %d\r\n\r\n" % len(inner)
    in_chunks = CHUNKED[:-2] + offer + b"\r\n"
    sent = [with_length, inner, in_chunks, b"%x\r\n" % len(inner) + inner + b"\r\n0\r\n\r\n", HEAD]
    sent.append(b"Connection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n")

    async with client(api) as offering:
        for piece in [b"".join(sent)] if pieces == "at once" else sent:
            await offering.flood(iter([piece]), byte_count=1)
            await asyncio.sleep(0)
        answer = await offering.reader.read()

    of_length, of_chunks, of_health = answer.split(b"HTTP/1.1 ")[1:]
    assert of_length.startswith(b"400")
    assert b"is not valid JSON" in of_length
    assert of_chunks.startswith(b"400")
    assert b"is not valid JSON" in of_chunks
    assert of_health.startswith(b"200")


async def test_a_tunnel_is_refused(api: Api) -> None:
    """We are no proxy."""
    async with client(api, b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n") as attacker:
        assert await attacker.answer() == (400, "malformed_request")


@pytest.mark.parametrize(
    "fields",
    [
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    ],
)
async def test_a_transfer_coding_that_we_do_not_take_off_is_refused(api: Api, fields: bytes) -> None:
    """The body would be taken as it is: chunked and nothing else."""
    async with client(api, JOB + fields + b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n") as attacker:
        assert await attacker.answer() == (501, "transfer_coding_unknown")


@pytest.mark.parametrize(
    "coding",
    [
        b"gzip",
        b"identity",
        b"chunked, gzip",
        b"chunked;q=1",
        b"xchunked",
        b"chunked, chunked",
        b"chunked\r\nTransfer-Encoding: chunked",
    ],
)
async def test_a_body_without_a_known_end_is_refused(api: Api, coding: bytes) -> None:
    """Only chunked says where a body ends; with anything else after it the next request could be hidden in it."""
    async with client(api, JOB + b"Transfer-Encoding: " + coding + b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n") as attacker:
        status, _ = await attacker.answer()

    assert status in {400, 501}


async def test_chunked_is_taken_in_any_case(api: Api) -> None:
    """Names of codings have no case."""
    async with client(
        api, JOB + b"Connection: close\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    ) as fair:
        assert await fair.answer() == (400, "invalid_request")


async def test_what_is_no_http_is_a_problem(api: Api) -> None:
    """400 in our own words."""
    async with client(api, b"\x16\x03\x01 this is no HTTP\r\n\r\n") as attacker:
        assert await attacker.answer() == (400, "malformed_request")


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        pytest.param(b"", (0, ""), id="nothing"),
        pytest.param(HEAD + b"X-A: ", (408, "headers_too_slow"), id="half of the headers"),
        pytest.param(UPLOAD, (408, "body_too_slow"), id="half of an upload"),
        pytest.param(CHUNKED + b"1\r\n{\r\n", (408, "body_too_slow"), id="half of a body"),
    ],
)
async def test_a_silent_client_is_hung_up_on(settings: Settings, sent: bytes, answer: tuple[int, str]) -> None:
    """Headers have their time and bodies their pace; what an upload has left is gone with it."""
    async with running_api(with_limits(settings, header_seconds=2)) as api, client(api, sent) as silent:
        assert await silent.answer() == answer
        assert await api.holds_nothing()


@pytest.mark.parametrize("sent", [HEAD + b"X-A: ", HEAD + b"\r\n\r\n"])
async def test_a_dribbling_client_is_hung_up_on(settings: Settings, sent: bytes) -> None:
    """A byte now and then wins no time: neither for headers, nor with line ends between two requests."""
    async with running_api(with_limits(settings, header_seconds=1)) as api, client(api, sent) as dribbling:
        async with asyncio.timeout(60):
            while not dribbling.reader.at_eof():
                with suppress(ConnectionError):
                    dribbling.writer.write(b"\n" if sent.endswith(b"\n") else b"a")
                with suppress(TimeoutError):
                    await asyncio.wait_for(dribbling.reader.read(4096), 0.1)


async def test_a_body_that_comes_steadily_is_waited_for(settings: Settings) -> None:
    """A client faster than the least pace is never cut off, however long it takes."""
    body = b'{"x":"' + b"a" * 2600 + b'"}'
    limits = with_limits(settings, header_seconds=0.8, body_bytes_per_second=100)
    head = CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with running_api(limits) as api, client(api, head) as fair:
        for place in range(0, len(body), 200):
            piece = body[place : place + 200]
            fair.writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await asyncio.sleep(0.9)
        fair.writer.write(b"0\r\n\r\n")

        assert await fair.answer() == (400, "invalid_request")


async def test_a_body_that_nobody_reads_ends(settings: Settings) -> None:
    """Once a request is answered, the rest of its body must come soon."""
    chunk = b"8000\r\n" + b"a" * 0x8000 + b"\r\n"
    limits = with_limits(settings, header_seconds=1)
    async with running_api(limits) as api, client(api, CHUNKED.replace(b"/api/v1/job", b"/nothing/here")) as endless:
        async with asyncio.timeout(60):
            sent = await endless.flood(repeat(chunk), byte_count=10**12)

    assert sent < 10**12


@pytest.mark.parametrize("sent", [b"", HEAD + b"X-A: ", UPLOAD])
async def test_the_process_tells_that_it_lives_however_many_are_connected(settings: Settings, sent: bytes) -> None:
    """Half-open connections beyond the limit make room; half-sent uploads are kept, and newcomers told to wait."""
    async with running_api(with_limits(settings, connections=40)) as api, AsyncExitStack() as stack:
        for _ in range(120):
            with suppress(ConnectionError):
                await stack.enter_async_context(client(api, sent))

        for _ in range(5):
            assert (await api.http.get("/livez", headers={"connection": "close"})).status_code == 200
        image = await api.http.get("/image/x", headers={"connection": "close"})

        assert image.status_code == (503 if sent is UPLOAD else 404)
        assert image.json()["code"] == ("too_many_connections" if sent is UPLOAD else "image_not_found")


async def test_places_that_are_given_up_can_be_taken(settings: Settings) -> None:
    """When those who held the connections leave, everything is served as before."""
    async with running_api(with_limits(settings, connections=10)) as api:
        async with AsyncExitStack() as stack:
            for _ in range(30):
                await stack.enter_async_context(client(api, UPLOAD))
        async with asyncio.timeout(60):
            while (await api.http.get("/image/x")).status_code != 404:
                await asyncio.sleep(0.05)
