"""Images that expire by request: uploads and variants."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from common.settings.groups import RetentionSettings
from common.settings.model import Settings
from ingest_api.domain.expiry import LONGEST_EXPIRY_SECONDS
from tests.factories import images
from tests.integration.http.test_deletion import BOUND_SECONDS, paths_of, until_gone, until_stored, uploaded
from tests.integration.http.test_images import assert_is_problem
from tests.integration.http.test_owners import fetch, finish
from tests.services.api import Api, running_api


async def upload(api: Api, *parts: tuple[str, Any], **headers: str) -> httpx.Response:
    """Return the answer to a form of *parts*, in that order."""
    return await api.http.post("/api/v1/images", files=list(parts), headers=headers)


def seconds(text: str) -> tuple[str, Any]:
    """Return the part of a form that says how long its images are kept."""
    return "expiresInSeconds", (None, text)


FILE = ("file", ("a.jpg", images.photo()))


def lifetime_of(body: dict[str, Any]) -> timedelta:
    """Return how long an image is kept, as its body says."""
    return datetime.fromisoformat(body["expiresAt"]) - datetime.fromisoformat(body["createdAt"])


async def test_an_upload_expires_when_it_asked_to(api: Api) -> None:
    """Every image of the form says when; after it they are gone, from caches and from the store too."""
    answer = await upload(api, seconds("3"), FILE, FILE)
    stays = await uploaded(api)

    assert answer.status_code == 201, answer.text
    assert [lifetime_of(body) for body in answer.json()] == [timedelta(seconds=3)] * 2
    ids = [body["id"] for body in answer.json()]
    paths = [path for image in ids for path in paths_of(image)]
    for path in paths:
        await api.http.get(path)
    await until_gone(api, paths, after_seconds=3)
    refused = await api.http.post("/api/v1/job", json={"originalID": ids[0], "options": [{}]})
    assert_is_problem(refused, 404, "image_not_found")
    listed = (await api.http.get("/api/v1/images")).json()["items"]
    assert [item["id"] for item in listed] == [stays]
    assert "expiresAt" not in listed[0]
    await until_stored(api, {stays})


async def test_variants_expire_when_their_job_asked_for_it(api: Api) -> None:
    """Counted from when they were made; they say so."""
    image = await uploaded(api)
    body = {"originalID": image, "options": [{"format": "png"}], "expiresInSeconds": 90}
    job = (await api.http.post("/api/v1/job", json=body)).json()["id"]
    await finish(api.settings, job)

    variant = (await api.http.get(f"/api/v1/job/{job}")).json()["tasks"][0]["variantID"]

    assert lifetime_of((await api.http.get(f"/api/v1/image/{variant}/metadata")).json()) == timedelta(seconds=90)


async def test_no_cache_may_keep_an_image_beyond_its_time(api: Api) -> None:
    """Browsers and proxies are told how long, at most."""
    image = (await upload(api, seconds("100"), FILE)).json()[0]["id"]

    header = (await api.http.get(f"/image/{image}")).headers["Cache-Control"]

    age = int(header.removeprefix("public, max-age=").removesuffix(", immutable"))
    assert 100 - BOUND_SECONDS <= age <= 100


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "soon", "", str(LONGEST_EXPIRY_SECONDS + 1)])
async def test_a_time_that_is_none_is_refused(api: Api, text: str) -> None:
    """The answer names the field, and nothing is stored."""
    answer = await upload(api, seconds(text), FILE)

    assert answer.status_code == 400
    assert "expiresInSeconds" in answer.json()["error"]
    assert await api.holds_nothing()


async def test_a_time_after_the_files_is_refused(api: Api) -> None:
    """Files that came before it would have been stored without."""
    answer = await upload(api, FILE, seconds("5"))

    assert answer.status_code == 400
    assert "before the files" in answer.json()["error"]


@pytest.mark.parametrize("value", [0, -1, 1.5, "60", True, LONGEST_EXPIRY_SECONDS + 1])
async def test_a_jobs_time_is_a_whole_number(api: Api, value: object) -> None:
    """The answer names the field."""
    image = await uploaded(api)

    answer = await api.http.post("/api/v1/job", json={"originalID": image, "options": [{}], "expiresInSeconds": value})

    assert answer.status_code == 400
    assert "expiresInSeconds" in answer.json()["error"]


async def test_the_longest_time_is_taken(api: Api) -> None:
    """By uploads and by jobs."""
    answer = await upload(api, seconds(str(LONGEST_EXPIRY_SECONDS)), FILE)

    assert lifetime_of(answer.json()[0]) == timedelta(seconds=LONGEST_EXPIRY_SECONDS)


async def test_another_time_is_another_request(api: Api) -> None:
    """An Idempotency-Key stands for all that was asked."""
    key = {"Idempotency-Key": "one"}
    image = (await upload(api, seconds("600"), FILE, **key)).json()[0]["id"]
    again = await upload(api, seconds("600"), FILE, **key)
    other = await upload(api, seconds("601"), FILE, **key)

    assert again.json()[0]["id"] == image
    assert_is_problem(other, 422, "idempotency_key_reused")


async def test_the_settings_delete_what_is_old(settings: Settings) -> None:
    """By its age, whenever it was uploaded and whatever the settings were then."""
    async with running_api(settings) as api:
        old, new = await uploaded(api), await uploaded(api)
    await fetch(settings, "UPDATE images SET created_at = now() - interval '2 days' WHERE id = $1", old)

    retention = RetentionSettings(originals_days=1)
    async with running_api(settings.model_copy(update={"retention": retention})) as api:
        await until_gone(api, paths_of(old))
        await until_stored(api, {new})
