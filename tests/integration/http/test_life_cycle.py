"""Cancelling a job, and asking for its tasks again."""

import asyncio
import json
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from common.ids import new_id
from common.settings.groups import LimitsSettings
from common.settings.model import Settings
from tests.integration.http.owners import api_with_owners, belongings_of, headers_of
from tests.integration.http.test_images import assert_is_problem
from tests.integration.http.test_jobs import set_state, uploaded
from tests.services.api import Api, running_api


async def a_job(api: Api) -> dict[str, Any]:
    """Return the body of a new job of two tasks."""
    options = [{"format": "png"}, {"maxDimension": 10}]
    answer = await api.http.post("/api/v1/job", json={"originalID": await uploaded(api), "options": options})
    body: dict[str, Any] = answer.json()
    return body


async def messages(api: Api) -> list[Any]:
    """Return topic, type and value of what was committed to be sent, but for requests of jobs."""
    connection = await asyncpg.connect(api.settings.database.dsn)
    rows = await connection.fetch("SELECT topic, headers, value FROM outbox WHERE request_of IS NULL ORDER BY id")
    await connection.close()
    return [(row["topic"], json.loads(row["headers"])["ce_type"], json.loads(row["value"])) for row in rows]


@pytest.mark.parametrize("state", ["pending", "processing"])
async def test_a_cancelled_job_has_ended(api: Api, state: str) -> None:
    """200 with the job; whoever looks sees the same, and both topics are told in the same transaction."""
    job = await a_job(api)
    await set_state(api, job["id"], state)

    answer = await api.http.post(f"/api/v1/jobs/{job['id']}/cancel")

    assert answer.status_code == 200
    body = answer.json()
    tasks = [task | {"status": "cancelled"} for task in job["tasks"]]
    assert body == job | {"status": "cancelled", "tasks": tasks, "endedAt": body["endedAt"]}
    assert (await api.http.get(f"/api/v1/job/{job['id']}")).json() == body
    (listed,) = (await api.http.get("/api/v1/jobs?status=cancelled")).json()["items"]
    assert listed == body
    common = {"jobId": job["id"], "originalId": job["originalID"], "timestamp": body["endedAt"]}
    assert await messages(api) == [
        ("image-jobs", "icecube.JobEnded", common | {"status": "cancelled", "variants": []}),
        ("icecube.events", "io.icecube.job.cancelled.v1", common | {"sequence": 1}),
    ]


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
async def test_a_job_is_cancelled_before_its_end_or_not_at_all(api: Api, state: str) -> None:
    """409 with a stable code, and nothing is announced."""
    job = await a_job(api)
    await set_state(api, job["id"], state)

    answer = await api.http.post(f"/api/v1/jobs/{job['id']}/cancel")

    assert assert_is_problem(answer, 409, "job_ended") == f"The job has ended: it is {state}."
    assert (await api.http.get(f"/api/v1/job/{job['id']}")).json()["status"] == state
    assert await messages(api) == []


@pytest.mark.parametrize("state", ["failed", "cancelled"])
async def test_a_job_that_lacks_variants_can_be_asked_for_again(api: Api, state: str) -> None:
    """201: a new job with the same options and ids of its own; the old one stays as it is."""
    job = await a_job(api)
    await set_state(api, job["id"], state)
    before = (await api.http.get(f"/api/v1/job/{job['id']}")).json()

    answer = await api.http.post(f"/api/v1/jobs/{job['id']}/retry")

    assert answer.status_code == 201
    retry = answer.json()
    assert (retry["status"], retry["retryOf"], retry["originalID"]) == ("pending", job["id"], job["originalID"])
    assert [task["options"] for task in retry["tasks"]] == [task["options"] for task in job["tasks"]]
    assert {retry["id"], *(t["id"] for t in retry["tasks"])}.isdisjoint({job["id"], *(t["id"] for t in job["tasks"])})
    assert answer.headers["location"] == f"/api/v1/job/{retry['id']}"
    assert (await api.http.get(answer.headers["location"])).json() == retry
    assert (await api.http.get(f"/api/v1/job/{job['id']}")).json() == before
    assert await api.rows("outbox") == 2


@pytest.mark.parametrize("state", ["pending", "processing", "completed"])
async def test_a_job_that_may_have_its_variants_is_not_asked_for_again(api: Api, state: str) -> None:
    """409 with a stable code, and no job."""
    job = await a_job(api)
    await set_state(api, job["id"], state)

    answer = await api.http.post(f"/api/v1/jobs/{job['id']}/retry")

    assert assert_is_problem(answer, 409, "job_not_retryable").endswith(f"this one is {state}.")
    assert await api.rows("jobs") == 1


async def test_a_retry_is_done_once_under_its_key(api: Api) -> None:
    """The same key gives the same job; the key of another request is refused."""
    job, other = await a_job(api), await a_job(api)
    for one in (job, other):
        await set_state(api, one["id"], "failed")
    named = {"Idempotency-Key": "again"}

    first, second = [await api.http.post(f"/api/v1/jobs/{job['id']}/retry", headers=named) for _ in range(2)]
    refused = await api.http.post(f"/api/v1/jobs/{other['id']}/retry", headers=named)

    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert_is_problem(refused, 422, "idempotency_key_reused")
    assert await api.rows("jobs") == 3


@pytest.mark.parametrize("act", ["cancel", "retry"])
@pytest.mark.parametrize("unknown", [str(new_id()), "no-uuid"])
async def test_an_unknown_job_is_not_found(api: Api, act: str, unknown: str) -> None:
    """404, as for a look at it."""
    assert_is_problem(await api.http.post(f"/api/v1/jobs/{unknown}/{act}"), 404, "job_not_found")


@pytest.mark.parametrize("act", ["cancel", "retry"])
async def test_a_reader_changes_nothing(settings: Settings, act: str) -> None:
    """Both take a key that may write."""
    async with api_with_owners(settings) as api:
        its = await belongings_of(api, "shop")

        answer = await api.http.post(f"/api/v1/jobs/{its.job}/{act}", headers=headers_of("shop-site"))

        assert_is_problem(answer, 403, "forbidden")


async def test_another_owners_job_is_not_changed(settings: Settings) -> None:
    """404, and the job goes on."""
    async with api_with_owners(settings) as api:
        its = await belongings_of(api, "shop")

        await api.http.post(f"/api/v1/jobs/{its.job}/cancel", headers=headers_of("press"))

        job = await api.http.get(f"/api/v1/job/{its.job}", headers=headers_of("shop"))
        assert job.json()["status"] == "pending"


async def test_a_retry_waits_for_its_turn_like_any_job(settings: Settings) -> None:
    """While events pile up it is answered 503; a cancellation, which makes work less, is not."""
    full = settings.model_copy(update={"limits": LimitsSettings(outbox_seconds=0.000_001)})
    async with running_api(full) as api:
        job, other = await a_job(api), await a_job(api)
        await set_state(api, job["id"], "failed")
        async with asyncio.timeout(20):
            while (refused := await api.http.post(f"/api/v1/jobs/{job['id']}/retry")).status_code == 201:
                await asyncio.sleep(0.05)

        assert_is_problem(refused, 503, "outbox_stuck")
        assert (await api.http.post(f"/api/v1/jobs/{other['id']}/cancel")).status_code == 200


async def test_a_job_that_a_later_release_wrote_is_left_alone(api: Api) -> None:
    """503, as for a look at it: its tasks cannot be read here."""
    job = await a_job(api)
    connection = await asyncpg.connect(api.settings.database.dsn)
    await connection.execute("UPDATE jobs SET tasks = '[{}]' WHERE id = $1", UUID(job["id"]))
    await connection.close()

    for act in ("cancel", "retry"):
        assert_is_problem(await api.http.post(f"/api/v1/jobs/{job['id']}/{act}"), 503, "job_unreadable")
