"""JSON as hostile and mistaken clients send it: told what is wrong, in little time and few words."""

import json
import time
from typing import Any

import httpx
import pytest

from common.ids import new_id
from tests.integration.http.test_images import assert_is_problem
from tests.services.api import Api

ID = str(new_id()).encode()
KIB = 1024


async def sent(api: Api, content: bytes, media_type: str | None = "application/json") -> httpx.Response:
    """Return the answer to a body."""
    headers = {"content-type": media_type} if media_type else {}
    return await api.http.post("/api/v1/job", content=content, headers=headers)


def job(options: bytes) -> bytes:
    """Return a request for a job."""
    return b'{"originalID":"' + ID + b'","options":' + options + b"}"


UNREADABLE = {
    "too deep": (b"[" * 500_000, "nested too deeply"),
    "a little too deep": (job(b"[" * 32 + b"]" * 32), "nested too deeply"),
    "too deep and whole": (job(b"[" * 100_000 + b"]" * 100_000), "nested too deeply"),
    "no UTF-8": (b'{"originalID":"\xff"}', "is not valid UTF-8, at byte 15"),
    "UTF-16": ('{"originalID":"x"}'.encode("utf-16"), "is not valid UTF-8"),
    "cut short": (b'{"originalID":', "is not valid JSON, at line 1, column 15"),
    "no number": (job(b'[{"quality":NaN}]'), "NaN"),
    "a long number": (job(b'[{"quality":' + b"9" * 900_000 + b"}]"), "number that is too long"),
    "many members": (b"{" + b",".join(b'"a%d":1' % number for number in range(80_000)) + b"}", "more than 5000"),
    "many members of an option": (
        job(b"[{" + b",".join(b'"a%d":1' % number for number in range(80_000)) + b"}]"),
        "more than 5000",
    ),
}


@pytest.mark.parametrize("body", UNREADABLE)
async def test_an_unreadable_body_is_told_what_it_is(api: Api, body: str) -> None:
    """400, naming the body and what is the matter with it."""
    content, said = UNREADABLE[body]

    began = time.process_time()
    response = await sent(api, content)

    sentence = assert_is_problem(response, 400, "invalid_request")
    assert sentence.startswith("body: ")
    assert said in sentence
    assert response.json()["errors"][0]["field"] == "body"
    assert time.process_time() - began < 2
    assert len(response.content) < KIB


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
async def test_a_body_that_is_not_said_to_be_json_is_refused(api: Api, media_type: str | None) -> None:
    """415 says which Content-Type is wanted, and which was found."""
    sentence = assert_is_problem(await sent(api, job(b"[{}]"), media_type), 415, "unsupported_media_type")

    assert "application/json" in sentence
    assert (media_type or "says nothing") in sentence


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON", "application/x+json"])
async def test_every_way_to_say_json_is_taken(api: Api, media_type: str) -> None:
    """Parameters and case do not matter, nor does a byte order mark; the image is what is missing here."""
    assert_is_problem(await sent(api, b"\xef\xbb\xbf" + job(b"[{}]"), media_type), 404, "image_not_found")


async def test_tasks_are_counted_before_they_are_looked_at(api: Api) -> None:
    """120 000 bad options in 1 MiB are one mistake, found at once."""
    began = time.process_time()
    response = await sent(api, job(b"[" + b",".join([b'{"a":1}'] * 120_000) + b"]"))

    assert "120000" in assert_is_problem(response, 400, "too_many_tasks")
    assert time.process_time() - began < 2
    assert len(response.content) < KIB


@pytest.mark.parametrize("name", ["a", "x" * 150, "\x00" * 150, "\N{GRINNING FACE}" * 150, '"' * 150])
async def test_twenty_mistakes_are_told(api: Api, name: str) -> None:
    """And how many more there are, in 16 KiB at most, whatever the caller has called them."""
    options: list[dict[str, Any]] = [{f"{name}{number}": 1 for number in range(100)}] * 4
    response = await sent(api, job(json.dumps(options).encode()))

    sentence = assert_is_problem(response, 400, "invalid_request")
    assert len(response.json()["errors"]) == 20
    assert sentence.endswith("; and 380 more")
    assert len(response.content) <= 16 * KIB


async def test_a_few_mistakes_are_all_told(api: Api) -> None:
    """Nothing is said of more where there are none."""
    response = await sent(api, job(json.dumps([{"quality": 0, "a": 1}] * 4).encode()))

    assert len(response.json()["errors"]) == 8
    assert "more" not in response.json()["error"]


async def test_half_a_character_is_a_mistake(api: Api) -> None:
    """A lone surrogate is valid JSON, and no text: 400, also where the answer would name it."""
    for body in (job(b'[{"\\ud800":1}]'), job(b'[{"format":"\\ud800"}]'), b'{"\\ud800":1}'):
        assert_is_problem(await sent(api, body), 400, "invalid_request")
