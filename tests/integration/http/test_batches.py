"""Batches: many jobs in one request, looked at, cancelled and deleted together."""

import asyncio
from typing import Any

import httpx
import pytest

from common.ids import new_id
from common.settings.model import Settings
from tests.integration.http.owners import api_with_owners, headers_of, upload
from tests.integration.http.test_images import assert_is_problem
from tests.integration.http.test_lists import FAIL, execute, listed, uploaded
from tests.integration.http.test_owners import fetch, finish
from tests.services.api import Api


def job_on(original: str, **members: Any) -> dict[str, Any]:
    """Return a request for a job."""
    return {"originalID": original, "options": [{"format": "png"}], **members}


async def ask(api: Api, *jobs: dict[str, Any], headers: dict[str, str] | None = None, **members: Any) -> httpx.Response:
    """Return the answer to a request for a batch."""
    return await api.http.post("/api/v1/batches", json={"jobs": list(jobs), **members}, headers=headers)


async def a_batch(api: Api, count: int, **members: Any) -> tuple[str, list[str]]:
    """Ask for a batch of so many jobs; return its id, and theirs, the newest first."""
    (original,) = await uploaded(api, 1)
    batch = (await ask(api, *[job_on(original) for _ in range(count)], **members)).json()["id"]
    return batch, await listed(api, "/api/v1/jobs", batchID=batch)


async def test_a_batch_is_accepted_with_all_its_jobs(api: Api) -> None:
    """Each is a job like any other, with its own tags and priority, and says which batch it was asked in."""
    one, other = await uploaded(api, 2)

    answer = await ask(api, job_on(one, tags={"n": "1"}), job_on(other, priority="bulk"), tags={"season": "autumn"})

    assert answer.status_code == 201
    batch = answer.json()
    assert batch == {"id": batch["id"], "total": 2}
    assert answer.headers["location"] == f"/api/v1/batches/{batch['id']}"
    items = (await api.http.get("/api/v1/jobs", params={"batchID": batch["id"]})).json()["items"]
    by_original = {item["originalID"]: item for item in items}
    assert by_original[one]["tags"] == {"n": "1"}
    assert by_original[other]["priority"] == "bulk"
    assert {item["batchID"] for item in items} == {batch["id"]}
    shown = (await api.http.get(answer.headers["location"])).json()
    assert shown["counts"] == {"pending": 2, "processing": 0, "completed": 0, "failed": 0, "cancelled": 0}
    assert shown["tags"] == {"season": "autumn"}
    assert "endedAt" not in shown
    assert await api.rows("outbox") == 2


async def test_a_thousand_jobs_are_accepted_and_one_more_is_not(api: Api) -> None:
    """The limit is named; nothing of what is beyond it is stored."""
    (original,) = await uploaded(api, 1)

    most = await ask(api, *[job_on(original)] * 1000)
    beyond = await ask(api, *[job_on(original)] * 1001)

    assert most.json()["total"] == 1000
    assert "1000 at most" in assert_is_problem(beyond, 400, "invalid_request")
    assert await api.rows("jobs") == 1000


REFUSED: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "no jobs": ({"jobs": []}, 400, "invalid_request", "jobs"),
    "no list": ({"jobs": 7}, 400, "invalid_request", "jobs"),
    "a job that is none": ({"jobs": ["GOOD", 7]}, 400, "invalid_request", "jobs[1]"),
    "a bad option": ({"jobs": ["GOOD", {"options": [{"quality": 0}]}]}, 400, "invalid_request", "jobs[1].options[0]"),
    "an unknown field": ({"jobs": ["GOOD"], "colour": "red"}, 400, "invalid_request", "colour"),
    "bad tags": ({"jobs": ["GOOD"], "tags": {"a:b": "c"}}, 400, "invalid_request", "tags"),
    "too many tasks": ({"jobs": ["GOOD", {"options": [{}] * 5}]}, 400, "too_many_tasks", "jobs[1].options"),
    "an unknown image": (
        {"jobs": ["GOOD", {"originalID": str(new_id())}]},
        404,
        "image_not_found",
        "jobs[1].originalID",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_one_bad_job_and_none_is_stored(api: Api, case: str) -> None:
    """The answer names the job and the field."""
    body, status, code, named = REFUSED[case]
    (original,) = await uploaded(api, 1)
    if isinstance(body["jobs"], list):
        jobs = [{} if job == "GOOD" else job for job in body["jobs"]]
        body = body | {"jobs": [job_on(original) | job if isinstance(job, dict) else job for job in jobs]}

    answer = await api.http.post("/api/v1/batches", json=body)

    assert named in assert_is_problem(answer, status, code)
    assert [await api.rows(table) for table in ("batches", "jobs", "outbox")] == [0, 0, 0]


async def test_the_same_request_under_a_key_is_the_same_batch(api: Api) -> None:
    """Also of two at once; another request under the key is refused."""
    (original,) = await uploaded(api, 1)
    key = {"Idempotency-Key": "k"}

    first, second = await asyncio.gather(*(ask(api, job_on(original), job_on(original), headers=key) for _ in range(2)))
    other = await ask(api, job_on(original), headers=key)

    assert first.json() == second.json()
    assert_is_problem(other, 422, "idempotency_key_reused")
    assert (await api.rows("batches"), await api.rows("jobs")) == (1, 2)


async def test_an_ended_batch_says_how(api: Api, settings: Settings) -> None:
    """Its counts are of the states, and stay when its jobs' rows have gone."""
    batch, jobs = await a_batch(api, 3)

    await finish(settings, jobs[0])
    assert "endedAt" not in (await api.http.get(f"/api/v1/batches/{batch}")).json()
    await api.http.post(f"/api/v1/jobs/{jobs[1]}/cancel")
    await finish(settings, jobs[2])
    ended = (await api.http.get(f"/api/v1/batches/{batch}")).json()
    await execute(settings, "DELETE FROM outbox")
    await execute(settings, "DELETE FROM jobs")

    assert ended["counts"] == {"pending": 0, "processing": 0, "completed": 2, "failed": 0, "cancelled": 1}
    assert ended["endedAt"]
    assert (await api.http.get(f"/api/v1/batches/{batch}")).json() == ended


async def test_cancelling_a_batch_cancels_what_is_unfinished(api: Api, settings: Settings) -> None:
    """In several transactions: more jobs than one locks. What has ended stays, and the batch ends by it."""
    batch, jobs = await a_batch(api, 250)
    await finish(settings, jobs[7])

    answer = await api.http.post(f"/api/v1/batches/{batch}/cancel")

    assert answer.status_code == 200
    assert answer.json()["counts"] == {"pending": 0, "processing": 0, "completed": 1, "failed": 0, "cancelled": 249}
    assert answer.json()["endedAt"]
    assert_is_problem(await api.http.post(f"/api/v1/batches/{batch}/cancel"), 409, "batch_ended")


async def test_deleting_a_batch_deletes_what_it_made(api: Api, settings: Settings) -> None:
    """Variants go, originals and jobs stay; the batch is gone, and deleting it again is no error."""
    batch, jobs = await a_batch(api, 3)
    await finish(settings, jobs[0])
    tasks = (await api.http.get(f"/api/v1/job/{jobs[0]}")).json()["tasks"]
    variant, original = tasks[0]["variantID"], (await api.http.get(f"/api/v1/job/{jobs[0]}")).json()["originalID"]

    answers = [(await api.http.delete(f"/api/v1/batches/{batch}")).status_code for _ in range(2)]

    assert answers == [204, 204]
    assert_is_problem(await api.http.get(f"/api/v1/batches/{batch}"), 404, "batch_not_found")
    assert await fetch(settings, "SELECT deleted_at IS NOT NULL FROM images WHERE id = $1", variant)
    assert not await fetch(settings, "SELECT deleted_at IS NOT NULL FROM images WHERE id = $1", original)
    states = {(await api.http.get(f"/api/v1/job/{job}")).json()["status"] for job in jobs[1:]}
    assert states == {"cancelled"}


@pytest.mark.parametrize("batch", ["x", str(new_id())])
async def test_an_unknown_batch_is_not_found(api: Api, batch: str) -> None:
    """Whatever is asked of it."""
    for method, path in (("GET", ""), ("POST", "/cancel"), ("DELETE", "")):
        answer = await api.http.request(method, f"/api/v1/batches/{batch}{path}")
        assert_is_problem(answer, 404, "batch_not_found")


async def test_a_batch_of_an_admin_gives_nobody_others_jobs(settings: Settings) -> None:
    """A key that shares the admin's owner cancels no job that it does not see."""
    async with api_with_owners(settings) as api:
        image = await upload(api, "press")
        batch = (await ask(api, job_on(image), headers=headers_of("boss"))).json()["id"]
        await execute(settings, "UPDATE batches SET owner = 'shop'")

        answer = await api.http.post(f"/api/v1/batches/{batch}/cancel", headers=headers_of("shop"))

        assert answer.json()["counts"]["pending"] == 1


async def test_counts_of_a_failed_job(api: Api, settings: Settings) -> None:
    """What another release ended is counted in what is shown, whether or not the batch knows it has ended."""
    batch, jobs = await a_batch(api, 2)

    await execute(settings, FAIL, jobs[0], "time_limit")

    counts = (await api.http.get(f"/api/v1/batches/{batch}")).json()["counts"]
    assert (counts["failed"], counts["pending"]) == (1, 1)
