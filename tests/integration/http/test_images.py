"""Uploading, describing and downloading images."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from common.formats import ImageFormat
from common.ids import new_id
from tests.factories import images
from tests.services.api import Api

FORMATS = [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF, ImageFormat.GIF, ImageFormat.TIFF]

REFUSED = [
    pytest.param(b"just some text\n" * 50, "a.jpg", "not_an_image", "text", id="a text named .jpg"),
    pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.png", "unsupported_format", "SVG", id="an SVG"),
    pytest.param(b"", "a.png", "empty_file", "empty", id="an empty file"),
    pytest.param(images.photo()[:120], "a.jpg", "damaged_header", "", id="a header cut short"),
    pytest.param(images.photo(ImageFormat.PNG)[:20], "a.png", "damaged_header", "", id="a PNG header cut short"),
    pytest.param(images.bmp(), "a.bmp", "unsupported_format", "BMP", id="a format not taken"),
    pytest.param(images.heic(), "a.heic", "unsupported_format", "HEIC", id="a format that cannot be decoded"),
]

BEYOND_A_LIMIT = [
    pytest.param(images.png_bomb(), "too_many_pixels", "1 megapixel", id="a pixel bomb"),
    pytest.param(images.lying_jpeg(), "too_many_pixels", "1 megapixel", id="a header that claims too much"),
    pytest.param(images.photo(width=3001, height=10), "side_too_long", "3000", id="a side too long"),
    pytest.param(images.photo() + bytes(400_001), "file_too_large", "400 kB", id="too many bytes"),
]


def form(*contents: bytes, name: str = "photo.jpg") -> list[tuple[str, tuple[str, bytes]]]:
    """Return a form with a part `file` for each of *contents*."""
    return [("file", (name, content)) for content in contents]


def assert_is_problem(response: httpx.Response, status: int, code: str) -> str:
    """Check that *response* is a problem in full, and return its sentence."""
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["detail"] == problem["error"] == problem["message"]
    assert problem["type"] == f"urn:icecube:problem:{code}"
    assert problem["title"]
    assert "Traceback" not in response.text
    return str(problem["error"])


@pytest.mark.parametrize("image_format", FORMATS)
async def test_an_upload_is_described_as_promised(api: Api, image_format: ImageFormat) -> None:
    """POST /api/v1/images answers 201 with id, originalName, format, width, height and byteSize."""
    content = images.photo(image_format)

    response = await api.http.post("/api/v1/images", files=form(content, name="My holiday!.jpg"))

    assert response.status_code == 201
    (image,) = response.json()
    assert image == {
        "id": image["id"],
        "originalName": "My_holiday_",
        "fileName": "My holiday!.jpg" if image_format is ImageFormat.JPEG else f"My holiday!.{image_format}",
        "format": image_format.value,
        "width": 320,
        "height": 240,
        "byteSize": len(content),
        "url": f"/image/{image['id']}",
        "createdAt": image["createdAt"],
    }
    assert image["id"][14] == "7"


async def test_several_files_are_answered_in_the_order_sent(api: Api) -> None:
    """One image a part, in the order of the parts."""
    contents = [images.photo(width=width) for width in (30, 10, 20)]

    response = await api.http.post("/api/v1/images", files=form(*contents))

    assert [image["width"] for image in response.json()] == [30, 10, 20]


@pytest.mark.parametrize(("content", "name", "code", "word"), REFUSED)
async def test_what_is_no_image_is_refused(api: Api, content: bytes, name: str, code: str, word: str) -> None:
    """400 with a sentence that says what is wrong; nothing is stored."""
    response = await api.http.post("/api/v1/images", files=form(content, name=name))

    assert word in assert_is_problem(response, 400, code)
    assert await api.holds_nothing()


@pytest.mark.parametrize(("content", "code", "limit"), BEYOND_A_LIMIT)
async def test_what_is_beyond_a_limit_is_refused(api: Api, content: bytes, code: str, limit: str) -> None:
    """413 with a sentence that names the limit; nothing is stored."""
    response = await api.http.post("/api/v1/images", files=form(content))

    assert limit in assert_is_problem(response, 413, code)
    assert await api.holds_nothing()


async def test_too_many_files_are_refused(api: Api) -> None:
    """413 names how many there may be; nothing is stored."""
    response = await api.http.post("/api/v1/images", files=form(*[images.photo()] * 4))

    assert "3 files" in assert_is_problem(response, 413, "too_many_files")
    assert await api.holds_nothing()


async def test_one_bad_file_and_none_is_stored(api: Api) -> None:
    """All or nothing: the good files beside a bad one are not kept."""
    response = await api.http.post("/api/v1/images", files=form(images.photo(), images.photo(), b"text"))

    assert assert_is_problem(response, 400, "not_an_image").startswith("photo.jpg (file 3): ")
    assert await api.holds_nothing()


async def test_a_file_beyond_a_limit_is_named(api: Api) -> None:
    """413 says which of several files it was, by its name and its place, and the limit as people say it."""
    large = images.photo() + bytes(400_001)
    files = [("file", ("a.jpg", images.photo())), ("file", ("ferien 日本.jpg", large))]

    response = await api.http.post("/api/v1/images", files=files)

    sentence = assert_is_problem(response, 413, "file_too_large")
    assert sentence == "ferien 日本.jpg (file 2): The file is larger than 400 kB."


@pytest.mark.parametrize(
    ("body", "content_type", "word"),
    [
        pytest.param(b"", "multipart/form-data", "boundary", id="no boundary"),
        pytest.param(b"{}", "application/json", "multipart/form-data", id="JSON"),
        pytest.param(b"--x--\r\n", "multipart/form-data; boundary=x", "'file'", id="an empty form"),
        pytest.param(
            b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\nabc\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            "'file'",
            id="no part named file",
        ),
        pytest.param(b"garbage", "multipart/form-data; boundary=x", "multipart", id="no form at all"),
    ],
)
async def test_a_malformed_form_is_refused(api: Api, body: bytes, content_type: str, word: str) -> None:
    """400 says what a form should be like."""
    response = await api.http.post("/api/v1/images", content=body, headers={"content-type": content_type})

    assert word in assert_is_problem(response, 400, "malformed_upload")
    assert await api.holds_nothing()


async def test_a_file_too_large_without_a_length_is_refused(api: Api) -> None:
    """A chunked body is cut off as soon as a file in it goes beyond the limit."""

    async def body() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        for _ in range(30):
            yield images.photo()[:2000] + bytes(60_000)
        yield b"\r\n--x--\r\n"

    headers = {"content-type": "multipart/form-data; boundary=x"}
    response = await api.http.post("/api/v1/images", content=body(), headers=headers)

    assert "400 kB" in assert_is_problem(response, 413, "file_too_large")
    assert await api.holds_nothing()


async def test_a_caller_that_hangs_up_leaves_nothing(api: Api) -> None:
    """An upload that breaks off is as if it had never been."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.http.base_url.port)
    writer.write(
        b"POST /api/v1/images HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n' + images.photo()[:5000]
    )
    await writer.drain()
    async with asyncio.timeout(60):
        while not api.files():
            await asyncio.sleep(0.01)
    writer.close()
    await writer.wait_closed()
    del reader

    assert await api.holds_nothing()


async def test_a_name_in_any_script_is_kept(api: Api) -> None:
    """Clients of before read a safe name; the file name is the uploader's own, in the body and at the download."""
    (image,) = (await api.http.post("/api/v1/images", files=form(images.photo(), name='写真 "1".JPG'))).json()

    download = await api.http.get(f"/image/{image['id']}")

    assert (image["originalName"], image["fileName"]) == ("_1_", '写真 "1".JPG')
    assert download.headers["Content-Disposition"] == (
        "inline; filename=\"_1_.jpeg\"; filename*=UTF-8''%E5%86%99%E7%9C%9F%20%221%22.JPG"
    )


async def test_metadata_of_an_image(api: Api) -> None:
    """GET /api/v1/image/{id}/metadata answers what the upload answered."""
    (image,) = (await api.http.post("/api/v1/images", files=form(images.photo()))).json()

    response = await api.http.get(f"/api/v1/image/{image['id']}/metadata")

    assert (response.status_code, response.json()) == (200, image)


async def test_bytes_of_an_image(api: Api) -> None:
    """GET /image/{id} answers the bytes as they were sent, with their content type."""
    content = images.photo(ImageFormat.WEBP)
    (image,) = (await api.http.post("/api/v1/images", files=form(content))).json()

    response = await api.http.get(f"/image/{image['id']}")

    assert (response.status_code, response.content) == (200, content)
    assert response.headers["content-type"] == "image/webp"
    assert response.headers["content-length"] == str(len(content))
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_an_image_asked_for_often_is_answered_the_same(api: Api) -> None:
    """Read from the store, from the system's memory, or kept: the answer is one, and its parts are still to be had."""
    content = images.photo()
    (image,) = (await api.http.post("/api/v1/images", files=form(content))).json()
    path = f"/image/{image['id']}"

    answers = [await api.http.get(path) for _ in range(4)]
    part = await api.http.get(path, headers={"Range": "bytes=2-5"})

    own = {"date", "x-request-id", "traceparent"}
    told = [{name: value for name, value in answer.headers.items() if name not in own} for answer in answers]
    assert [answer.content for answer in answers] == [content] * 4
    assert told == [told[0]] * 4
    assert (part.status_code, part.content) == (206, content[2:6])


async def test_head_of_an_image(api: Api) -> None:
    """HEAD answers what GET would, without the bytes."""
    (image,) = (await api.http.post("/api/v1/images", files=form(images.photo()))).json()

    response = await api.http.head(f"/image/{image['id']}")

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == str(image["byteSize"])


UNKNOWN = [str(new_id()), str(uuid4()), "1", "nope", "00000000", "%00", "x" * 5000]


@pytest.mark.parametrize("image_id", UNKNOWN)
@pytest.mark.parametrize("path", ["/api/v1/image/{}/metadata", "/image/{}"])
async def test_an_unknown_image_is_not_found(api: Api, path: str, image_id: str) -> None:
    """404 "Image not found", also for an id that is no UUID."""
    response = await api.http.get(path.format(image_id))

    assert assert_is_problem(response, 404, "image_not_found") == "Image not found"


@pytest.mark.parametrize("trick", ["..%2f..%2fetc%2fpasswd", "%2e%2e%2fimages", "work", "%5c..%5c"])
async def test_path_tricks_find_nothing(api: Api, trick: str) -> None:
    """Ids never reach the file system as paths."""
    response = await api.http.get(f"/image/{trick}")

    assert response.status_code == 404
    assert "root:" not in response.text
