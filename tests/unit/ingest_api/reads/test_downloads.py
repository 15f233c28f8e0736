"""How an image's bytes are sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Message

from common.blob_store import BlobNotFoundError, BlobStore, OpenBlob
from common.blob_store.disk import DiskStore, open_disk_store
from common.formats import ImageFormat
from common.ids import new_id
from ingest_api.reads.cache_policy import OPEN
from ingest_api.reads.downloads import asks_for_all, image_response, page_cache_response

CONTENT = bytes(range(256)) * 5000
SIZE = len(CONTENT)


@dataclass(frozen=True)
class AnImage:
    """An image as its row describes it."""

    id: UUID = field(default_factory=new_id)
    original_name: str = "holiday"
    file_name: str = "holiday.jpeg"
    format: ImageFormat = ImageFormat.JPEG
    byte_size: int = SIZE
    created_at: datetime = datetime(2026, 3, 1, 12, 30, 15, 999_999, tzinfo=UTC)


@pytest.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[BlobStore]:
    """Yield an empty store."""
    async with open_disk_store(tmp_path / "blobs") as store:
        yield store


@pytest.fixture
async def image(blobs: BlobStore, tmp_path: Path) -> AnImage:
    """Return an image whose bytes are stored."""
    image = AnImage()
    path = tmp_path / "photo"
    path.write_bytes(CONTENT)
    await blobs.put_file(image.id, path)
    return image


def a_client(blobs: BlobStore, image: AnImage) -> httpx.AsyncClient:
    """Return a client of an application that serves *image* and answers a missing blob with 503."""
    app = FastAPI()

    @app.api_route("/", methods=["GET", "HEAD"])
    async def get_image(request: Request) -> Response:
        return await image_response(blobs, image, request.headers, request.method, OPEN)

    @app.exception_handler(BlobNotFoundError)
    async def answer(_: Request, exc: BlobNotFoundError) -> Response:
        return Response(str(exc), 503)

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://icecube")


async def answer_to(blobs: BlobStore, image: AnImage, method: str = "GET", **headers: str) -> httpx.Response:
    """Return the answer to a request with *headers*, named with underscores."""
    async with a_client(blobs, image) as client:
        return await client.request(
            method, "/", headers={key.replace("_", "-"): value for key, value in headers.items()}
        )


async def test_the_whole_image_is_sent_to_be_kept_for_ever(blobs: BlobStore, image: AnImage) -> None:
    """A plain GET gets every byte, with all that browsers and caches want to know."""
    answer = await answer_to(blobs, image)

    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["Content-Disposition"] == 'inline; filename="holiday.jpeg"'
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["ETag"] == f'"{image.id}"'
    assert answer.headers["Last-Modified"] == "Sun, 01 Mar 2026 12:30:15 GMT"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_name_keeps_its_script(blobs: BlobStore, image: AnImage) -> None:
    """Old clients read the safe name, others the one that its uploader gave it (RFC 6266)."""
    named = replace(image, original_name="_2026", file_name="日本 2026 \"Ö'%.jpg")

    answer = await answer_to(blobs, named)

    assert answer.headers["Content-Disposition"] == (
        "inline; filename=\"_2026.jpeg\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC%202026%20%22%C3%96%27%25.jpg"
    )


async def test_head_tells_the_same_without_the_bytes(blobs: BlobStore, image: AnImage) -> None:
    """HEAD has GET's headers and no body; it asks for no range."""
    got = await answer_to(blobs, image)

    answer = await answer_to(blobs, image, "HEAD", range="bytes=5-9")

    assert answer.status_code == 200
    assert answer.headers == got.headers
    assert answer.content == b""


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("Bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=300000-900000", 300_000, 900_000),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        ("bytes=5-", 5, SIZE - 1),
        ("bytes=-7", SIZE - 7, SIZE - 1),
        ("bytes=10-99999999999", 10, SIZE - 1),
        (f"bytes=-{SIZE + 5}", 0, SIZE - 1),
    ],
)
async def test_one_range_is_sent_alone(blobs: BlobStore, image: AnImage, wanted: str, first: int, last: int) -> None:
    """A single range gets its bytes, as far as there are any, and their place in the whole."""
    answer = await answer_to(blobs, image, range=wanted)

    assert answer.content == CONTENT[first : last + 1]
    if (first, last) != (0, SIZE - 1):
        assert answer.status_code == 206
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["Content-Length"] == str(last - first + 1)


@pytest.mark.parametrize(
    "wanted",
    ["bytes=0-1,5-6", "bytes=9-5", "bytes=", "bytes=-", "bytes=a-b", "items=0-5", "0-5", "bytes=" + "9" * 30 + "-"],
)
async def test_several_ranges_or_nonsense_get_the_whole(blobs: BlobStore, image: AnImage, wanted: str) -> None:
    """A range header that is not one plain range is as good as none."""
    answer = await answer_to(blobs, image, range=wanted)

    assert answer.status_code == 200
    assert answer.content == CONTENT


@pytest.mark.parametrize("wanted", [f"bytes={SIZE}-", f"bytes={SIZE + 10}-{SIZE + 20}", "bytes=-0"])
async def test_a_range_past_the_end_is_refused(blobs: BlobStore, image: AnImage, wanted: str) -> None:
    """A range with no byte in it is told how many there are."""
    answer = await answer_to(blobs, image, range=wanted)

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(("condition", "status"), [("own", 206), ("date", 206), ('"other"', 200), ("W/own", 200)])
async def test_a_range_of_another_version_gets_the_whole(
    blobs: BlobStore, image: AnImage, condition: str, status: int
) -> None:
    """A download is continued only when the client's part is surely of these bytes."""
    known = {"own": f'"{image.id}"', "date": "Sun, 01 Mar 2026 12:30:15 GMT", "W/own": f'W/"{image.id}"'}

    answer = await answer_to(blobs, image, range="bytes=5-9", if_range=known.get(condition, condition))

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"if_none_match": "ETAG"}, 304),
        ({"if_none_match": "W/ETAG"}, 304),
        ({"if_none_match": '"other", ETAG'}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": '"other"'}, 200),
        ({"if_modified_since": "Sun, 01 Mar 2026 12:30:15 GMT"}, 304),
        ({"if_modified_since": "Mon, 02 Mar 2026 00:00:00 GMT"}, 304),
        ({"if_modified_since": "Sun, 01 Mar 2026 12:30:14 GMT"}, 200),
        ({"if_modified_since": "yesterday"}, 200),
        ({"if_none_match": '"other"', "if_modified_since": "Mon, 02 Mar 2026 00:00:00 GMT"}, 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_good_copy_is_not_sent_again(
    blobs: BlobStore, image: AnImage, condition: dict[str, str], status: int, method: str
) -> None:
    """A client that has the bytes is told to use them, by tag or by date; a tag is worth more than a date."""
    headers = {name: value.replace("ETAG", f'"{image.id}"') for name, value in condition.items()}

    answer = await answer_to(blobs, image, method, **headers)

    assert answer.status_code == status
    assert answer.headers["ETag"] == f'"{image.id}"'
    assert status == 200 or answer.content == b""


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"if_match": "ETAG"}, 200),
        ({"if_match": '"other", ETAG'}, 200),
        ({"if_match": "*"}, 200),
        ({"if_match": '"other"'}, 412),
        ({"if_match": "W/ETAG"}, 412),
        ({"if_match": '"other"', "if_none_match": "ETAG"}, 412),
        ({"if_match": '"other"', "range": "bytes=0-0"}, 412),
        ({"if_match": "ETAG", "if_none_match": "ETAG"}, 304),
        ({"if_unmodified_since": "Sun, 01 Mar 2026 12:30:15 GMT"}, 200),
        ({"if_unmodified_since": "Sun, 01 Mar 2026 12:30:14 GMT"}, 412),
        ({"if_unmodified_since": "yesterday"}, 200),
        ({"if_match": "ETAG", "if_unmodified_since": "Sun, 01 Mar 2026 12:30:14 GMT"}, 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_another_version_than_the_one_asked_for_is_refused(
    blobs: BlobStore, image: AnImage, condition: dict[str, str], status: int, method: str
) -> None:
    """Who goes on with a download of some version gets that one or 412; a tag is compared strongly."""
    headers = {name: value.replace("ETAG", f'"{image.id}"') for name, value in condition.items()}

    answer = await answer_to(blobs, image, method, **headers)

    assert answer.status_code == status
    assert answer.headers["ETag"] == f'"{image.id}"'


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_missing_blob_gives_an_error_status(blobs: BlobStore, method: str) -> None:
    """The status is sent when the bytes are known to be there, never before."""
    answer = await answer_to(blobs, AnImage(), method)

    assert answer.status_code == 503


async def test_the_length_is_the_blobs_own(blobs: BlobStore, image: AnImage) -> None:
    """A row that remembers another size makes no answer that promises bytes which do not come."""
    mistaken = replace(image, byte_size=SIZE + 1000)

    whole = await answer_to(blobs, mistaken)
    part = await answer_to(blobs, mistaken, range=f"bytes=10-{SIZE + 500}")

    assert (whole.headers["Content-Length"], whole.content) == (str(SIZE), CONTENT)
    assert part.headers["Content-Range"] == f"bytes 10-{SIZE - 1}/{SIZE}"
    assert part.content == CONTENT[10:]


@pytest.fixture
async def small(blobs: BlobStore, tmp_path: Path) -> AnImage:
    """Return a small image whose bytes are stored, and were read."""
    image = AnImage(byte_size=1000)
    path = tmp_path / "small"
    path.write_bytes(CONTENT[:1000])
    await blobs.put_file(image.id, path)
    async with blobs.open(image.id) as blob:
        assert [chunk async for chunk in blob.chunks] == [CONTENT[:1000]]
    return image


async def test_what_is_cached_is_answered_the_same(blobs: BlobStore, small: AnImage) -> None:
    """Status, headers and bytes do not tell which way an answer was made."""
    usual = await answer_to(blobs, small)

    cached = page_cache_response(blobs, small, OPEN)

    assert cached is not None
    assert (cached.status_code, bytes(cached.body)) == (usual.status_code, usual.content)
    assert sorted(cached.headers.items()) == sorted(usual.headers.items())


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("GET", {}, True),
        ("GET", {"accept": "image/*", "cookie": "a=b"}, True),
        ("HEAD", {}, False),
        ("GET", {"range": "bytes=0-5"}, False),
        ("GET", {"if-range": '"x"'}, False),
        ("GET", {"if-none-match": "*"}, False),
        ("GET", {"if-match": '"x"'}, False),
        ("GET", {"if-unmodified-since": "Sun, 01 Mar 2026 12:30:15 GMT"}, False),
        ("GET", {"if-modified-since": "Sun, 01 Mar 2026 12:30:15 GMT"}, False),
    ],
)
def test_conditions_and_ranges_are_not_asking_for_all(method: str, headers: dict[str, str], *, expected: bool) -> None:
    """Only who would get all bytes whatever they are gets the answer that was made for others."""
    request = Request({"type": "http", "method": method, "headers": Headers(headers).raw})

    asked = asks_for_all(request)

    assert asked == expected


class WatchedStore(DiskStore):
    """A store that knows how many of its blobs are open, and how much of each was asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.blobs_open = 0
        self.lengths: list[int | None] = []

    @asynccontextmanager
    async def open(self, blob_id: UUID, *, start: int = 0, length: int | None = None) -> AsyncIterator[OpenBlob]:
        """Yield the blob, and count."""
        self.lengths.append(length)
        self.blobs_open += 1
        try:
            async with super().open(blob_id, start=start, length=length) as blob:
                yield blob
        finally:
            self.blobs_open -= 1


async def test_a_client_that_hangs_up_leaves_nothing_open(image: AnImage, tmp_path: Path) -> None:
    """The blob is closed when the answer cannot be sent to its end."""
    store = WatchedStore(tmp_path / "blobs")
    response = await image_response(store, image, Headers({}), "GET", OPEN)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise BrokenPipeError

    with pytest.raises(ClientDisconnect):
        await response({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)

    assert (store.lengths, store.blobs_open) == ([None], 0)


async def test_head_reads_no_bytes(image: AnImage, tmp_path: Path) -> None:
    """HEAD opens the blob to know that it is there, and asks for nothing of it."""
    store = WatchedStore(tmp_path / "blobs")

    await answer_to(store, image, "HEAD")

    assert store.lengths == [0]


LATIN_1 = st.text(st.characters(codec="latin-1"), max_size=60)
NEARLY_A_DATE = st.text("SunMar0123456789 :,GMT+-", max_size=60)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.sampled_from(["Range", "If-Range", "If-None-Match", "If-Modified-Since"]), value=LATIN_1 | NEARLY_A_DATE)
async def test_no_header_breaks_an_answer(blobs: BlobStore, name: str, value: str) -> None:
    """Whatever stands in a request's headers, there is an answer."""
    headers = Headers({"Range": "bytes=0-5", name: value})

    answer = await image_response(blobs, AnImage(), headers, "GET", OPEN)

    assert answer.status_code in {200, 304}


class RedirectingStore(DiskStore):
    """A store that serves its blobs itself."""

    async def direct_url(self, blob_id: UUID, *, media_type: str, disposition: str) -> str | None:  # type: ignore[override]
        """Return a URL that shows what was asked for."""
        return f"https://s3.example/{blob_id}?type={media_type}&disposition={disposition}"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_store_that_serves_its_blobs_is_redirected_to(tmp_path: Path, image: AnImage, method: str) -> None:
    """302 to the store's own URL, remembered for less than that works; a good copy is still not sent again."""
    store = RedirectingStore(tmp_path / "blobs")
    async with a_client(store, image) as client:
        answer = await client.request(method, "/")
        fresh = await client.request(method, "/", headers={"If-None-Match": f'"{image.id}"'})

    assert answer.status_code == 302
    assert str(image.id) in answer.headers["location"]
    assert answer.headers["cache-control"] == "private, max-age=1800"
    assert fresh.status_code == 304
