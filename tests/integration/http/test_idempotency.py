"""Requests sent again under an Idempotency-Key."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.factories import images
from tests.integration.http.test_images import assert_is_problem, form
from tests.integration.http.test_jobs import uploaded
from tests.services.api import Api

KEY = {"Idempotency-Key": "order-4711"}


async def asked(api: Api, original: str, *, quality: int = 80, headers: dict[str, str] = KEY) -> httpx.Response:
    """Return the answer to a request for a job."""
    body: dict[str, Any] = {"originalID": original, "options": [{"quality": quality}]}
    return await api.http.post("/api/v1/job", json=body, headers=headers)


async def test_a_job_asked_for_again_is_answered_again(api: Api) -> None:
    """The same key and body get the first answer; there is one job and one event."""
    original = await uploaded(api)

    first, second = await asked(api, original), await asked(api, original)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert await api.rows("jobs") == await api.rows("outbox") == 1


async def test_callers_at_once_have_one_winner(api: Api) -> None:
    """Of ten concurrent requests with one key, one makes the job and all get it."""
    original = await uploaded(api)

    answers = await asyncio.gather(*(asked(api, original) for _ in range(10)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await api.rows("jobs") == 1


async def test_a_key_used_for_another_job_is_refused(api: Api) -> None:
    """Another body under the same key is answered 422, and makes nothing."""
    original = await uploaded(api)
    await asked(api, original)

    response = await asked(api, original, quality=70)

    assert_is_problem(response, 422, "idempotency_key_reused")
    assert await api.rows("jobs") == 1


async def test_a_refused_job_leaves_its_key_free(api: Api) -> None:
    """A request that made nothing may be corrected and sent again under its key."""
    assert (await asked(api, "0199f3a0-8c1e-7d2a-b7a4-6c3f6a1d2e10")).status_code == 404

    assert (await asked(api, await uploaded(api))).status_code == 201


async def test_without_a_key_every_request_counts(api: Api) -> None:
    """The same body twice is two jobs."""
    original = await uploaded(api)

    first, second = [await asked(api, original, headers={}) for _ in range(2)]

    assert first.json()["id"] != second.json()["id"]


async def test_an_upload_sent_again_is_answered_again(api: Api) -> None:
    """The same files under the same key are stored once, also when sent at the same time."""
    files = form(images.photo(), images.photo(width=200))

    answers = await asyncio.gather(*(api.http.post("/api/v1/images", files=files, headers=KEY) for _ in range(4)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await api.rows("images") == 2
    async with asyncio.timeout(60):
        while len(api.files()) != 2:
            await asyncio.sleep(0.01)


async def test_a_key_used_for_another_upload_is_refused(api: Api) -> None:
    """Other bytes, or another name, under the same key are answered 422 and not stored."""
    await api.http.post("/api/v1/images", files=form(images.photo()), headers=KEY)

    for files in (form(images.photo(width=200)), form(images.photo(), name="other.jpg")):
        response = await api.http.post("/api/v1/images", files=files, headers=KEY)
        assert_is_problem(response, 422, "idempotency_key_reused")

    assert await api.rows("images") == 1


async def test_jobs_and_uploads_do_not_share_keys(api: Api) -> None:
    """A key names a request within its operation."""
    (image,) = (await api.http.post("/api/v1/images", files=form(images.photo()), headers=KEY)).json()

    assert (await asked(api, image["id"])).status_code == 201


@pytest.mark.parametrize("key", ["", "two words", "x" * 256])
async def test_a_key_must_be_printable_and_short(api: Api, key: str) -> None:
    """An unusable key is refused by its name, rather than ignored."""
    response = await asked(api, await uploaded(api), headers={"Idempotency-Key": key})

    assert "Idempotency-Key" in assert_is_problem(response, 400, "invalid_request")
