"""Forms as hostile and broken clients send them: refused, and nothing of them is kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path

import httpx
import pytest

from common.settings.model import Settings
from common.texts import size_in_words
from tests.factories import images
from tests.integration.http.test_hostile_clients import UPLOAD, Client, client
from tests.integration.http.test_images import assert_is_problem
from tests.integration.http.test_overload import with_limits
from tests.services.api import Api, running_api

PHOTO = images.photo()
END = b"--B--\r\n"
CHUNKED = UPLOAD.partition(b"Content-Length")[0] + b"Transfer-Encoding: chunked\r\n\r\n"
MIB = 1024 * 1024


def part(name: str, content: bytes) -> bytes:
    """Return a part of a form."""
    return (
        f'--B\r\nContent-Disposition: form-data; name="{name}"; filename="a.jpg"\r\n\r\n'.encode() + content + b"\r\n"
    )


FILE = part("file", PHOTO)


async def sent(api: Api, body: bytes | AsyncIterator[bytes], *, boundary: str = "B") -> httpx.Response:
    """Return the answer to a form."""
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return await api.http.post("/api/v1/images", content=body, headers=headers)


REFUSED = {
    "no closing boundary": (FILE, 400, "malformed_upload"),
    "cut short in a file": (FILE[:-2000], 400, "malformed_upload"),
    "cut short in the boundary": (FILE + b"--B-", 400, "malformed_upload"),
    "cut short in a header": (FILE + b"--B\r\nContent-Dis", 400, "malformed_upload"),
    "a boundary that opens one part more": (FILE + b"--B\r\n", 400, "malformed_upload"),
    "nothing": (b"", 400, "malformed_upload"),
    "many parts that nobody asked for": (part("x", b"") * 101 + FILE + END, 413, "form_too_large"),
    "a large part that nobody asked for": (part("x", bytes(2 * MIB)) + FILE + END, 413, "form_too_large"),
    "much after the end": (FILE + END + bytes(2 * MIB), 413, "form_too_large"),
    "something before the beginning": (b"x\r\n" + FILE + END, 400, "malformed_upload"),
    "many headers of a part": (b"--B\r\n" + b"X-A: y\r\n" * 300_000 + FILE + END, 400, "malformed_upload"),
}


@pytest.mark.parametrize("form", REFUSED)
async def test_a_broken_form_is_refused(api: Api, form: str) -> None:
    """The answer says what is wrong, and neither a row nor a file is left."""
    body, status, code = REFUSED[form]

    assert_is_problem(await sent(api, body), status, code)
    assert await api.holds_nothing()


@pytest.mark.parametrize("length", [257, 300, 5000])
async def test_a_long_boundary_is_refused(api: Api, length: int) -> None:
    """400, and no failure of ours; up to 256 bytes are taken."""
    long, fair = "b" * length, "b" * 256
    whole = (FILE + END).replace(b"--B", b"--" + long.encode())

    sentence = assert_is_problem(await sent(api, whole, boundary=long), 400, "malformed_upload")

    assert "longer than 256 bytes" in sentence
    assert await api.holds_nothing()
    assert (await sent(api, (FILE + END).replace(b"--B", b"--" + fair.encode()), boundary=fair)).status_code == 201


async def test_a_long_header_of_a_part_is_refused(api: Api) -> None:
    """Whether its name or its value is long; the parser's own bound is lower than ours."""
    for long in (b"X-A: " + b"y" * 17_000, b"X-" + b"a" * 17_000 + b": y"):
        body = FILE.replace(b"--B\r\n", b"--B\r\n" + long + b"\r\n") + END

        assert_is_problem(await sent(api, body), 400, "malformed_upload")
    assert await api.holds_nothing()


async def test_parts_that_nobody_asked_for_are_passed_over(api: Api) -> None:
    """A form may have fields beside its files, and something behind its end."""
    body = part("note", b"x" * 1000) * 50 + FILE + END + b"bye"

    assert len((await sent(api, body)).json()) == 1


@pytest.mark.parametrize("boundary", ['""', "", "B; boundary=C"])
async def test_an_odd_boundary_is_no_failure_of_ours(api: Api, boundary: str) -> None:
    """Whatever stands for a boundary is taken as it is, or refused."""
    assert (await sent(api, FILE + END, boundary=boundary)).status_code in {201, 400}


async def slow(first: bytes, more: bytes, *, times: int) -> AsyncIterator[bytes]:
    """Yield a body, piece by piece."""
    yield first
    for _ in range(times):
        yield more
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (b"", part("x", b"y") * 50),
        (b"", part("x", bytes(65536))),
        (part("x", b"y")[:-2], bytes(65536)),
        (END, bytes(9)),
    ],
    ids=["parts", "large parts", "one part", "what follows the end"],
)
async def test_a_form_without_end_is_cut_off(api: Api, first: bytes, more: bytes) -> None:
    """Neither parts that nobody asked for, nor one of them, nor what follows the end go on for ever."""
    more = more * (65536 // len(more) + 1)

    async with client(api, CHUNKED) as attacker:
        pieces = (b"%x\r\n%s\r\n" % (len(piece), piece) for piece in chain([first or more], repeat(more)))
        flood = asyncio.create_task(attacker.flood(pieces, byte_count=10**12))
        async with asyncio.timeout(60):
            answer = await attacker.reader.readuntil(b"form_too_large")
        flood.cancel()

    assert answer.startswith(b"HTTP/1.1 413")
    assert await api.holds_nothing()


async def test_all_files_together_have_a_limit(settings: Settings) -> None:
    """413 says how much an upload may hold; each of its files is within the limit for one."""
    async with running_api(with_limits(settings, upload_total_bytes=2 * len(PHOTO))) as api:
        response = await sent(api, FILE * 3 + END)

        assert size_in_words(2 * len(PHOTO)) in assert_is_problem(response, 413, "upload_too_large")
        assert await api.holds_nothing()
        assert (await sent(api, FILE * 2 + END)).status_code == 201


async def test_an_upload_has_its_time(settings: Settings) -> None:
    """408, however steadily it comes; what has come is deleted."""
    async with running_api(with_limits(settings, upload_seconds=0.5)) as api, client(api, CHUNKED) as steady:
        sending = asyncio.create_task(send_for_ever(steady))
        async with asyncio.timeout(60):
            answer = await steady.reader.readuntil(b"upload_too_slow")
        sending.cancel()

        assert answer.startswith(b"HTTP/1.1 408")
        assert await api.holds_nothing()


async def send_for_ever(steady: Client) -> None:
    """Send the beginning of a form, and more of its file again and again, until the server hangs up."""
    with suppress(ConnectionError):
        for piece in chain([FILE[:2000]], repeat(b"x" * 200)):
            steady.writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await steady.writer.drain()
            await asyncio.sleep(0.05)


async def test_an_upload_on_its_way_lies_in_a_folder_of_its_own(api: Api) -> None:
    """Not beside what image processes work on, nor among the blobs."""
    arriving = asyncio.create_task(sent(api, slow(FILE[:2000], b"x" * 2000, times=1000)))
    async with asyncio.timeout(60):
        while not (files := [file for file in api.files() if file.name.startswith("upload-")]):
            await asyncio.sleep(0.01)
    arriving.cancel()

    (folder,) = {file.parent for file in files}
    assert folder.parent == Path(api.settings.blob_folder) / "work" / "uploads"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert await api.holds_nothing()
