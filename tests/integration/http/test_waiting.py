"""Requests that wait for the end of their job: `Prefer: wait=N`."""

import asyncio
import socket
import time
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from common.settings.model import Settings
from ingest_api.reads.job_waits import JobWaits
from ingest_api.server import ApiServer, config_of
from tests.integration.http.owners import api_with_owners, belongings_of, headers_of
from tests.integration.http.test_images import assert_is_problem
from tests.integration.http.test_lists import FAIL, asked, execute, uploaded
from tests.services.api import Api


async def get(api: Api, job: str, prefer: str, **headers: str) -> httpx.Response:
    """Return the answer to a request that waits."""
    return await api.http.get(f"/api/v1/job/{job}", headers={"Prefer": prefer, **headers})


async def waiting(api: Api, *jobs: str, seconds: int = 30) -> list["asyncio.Task[httpx.Response]"]:
    """Return requests for *jobs* that wait."""
    tasks = [asyncio.create_task(get(api, job, f"wait={seconds}")) for job in jobs]
    done, _ = await asyncio.wait(tasks, timeout=0.7)
    assert not done
    return tasks


async def test_an_end_that_this_process_commits_is_answered_at_once(api: Api) -> None:
    """Here a cancellation; only the one who asks for that job is answered."""
    (original,) = await uploaded(api, 1)
    job, other = await asked(api, original), await asked(api, original)
    first, second = await waiting(api, job, other)

    began = time.monotonic()
    cancelled = await api.http.post(f"/api/v1/jobs/{job}/cancel")
    answer = await first

    assert cancelled.status_code == 200
    assert answer.json()["status"] == "cancelled"
    assert answer.headers["preference-applied"] == "wait=30"
    assert time.monotonic() - began < 10
    assert not second.done()
    await api.http.post(f"/api/v1/jobs/{other}/cancel")
    assert (await second).json()["status"] == "cancelled"


async def test_an_end_that_another_process_commits_is_answered_soon(api: Api, settings: Settings) -> None:
    """The process asks the database for all who wait."""
    (original,) = await uploaded(api, 1)
    jobs = [await asked(api, original) for _ in range(3)]
    tasks = await waiting(api, *jobs)

    for job in jobs:
        await execute(settings, FAIL, job, "time_limit")

    assert [(await task).json()["status"] for task in tasks] == ["failed"] * 3


async def test_a_request_for_a_job_may_wait_for_it(api: Api, settings: Settings) -> None:
    """The answer to POST is a 201 with the ended job."""
    (original,) = await uploaded(api, 1)
    body = {"originalID": original, "options": [{}]}
    asking = asyncio.create_task(
        api.http.post("/api/v1/job", json=body, headers={"Prefer": 'respond-async, WAIT = "30"'})
    )
    async with asyncio.timeout(30):
        while not await api.rows("jobs"):
            await asyncio.sleep(0.05)
    connection = await asyncpg.connect(settings.database.dsn)
    job = str(await connection.fetchval("SELECT id FROM jobs"))
    await connection.close()

    await execute(settings, FAIL, job, "time_limit")

    answer = await asking
    assert answer.status_code == 201
    assert (answer.json()["id"], answer.json()["status"]) == (job, "failed")
    assert answer.headers["preference-applied"] == "wait=30"
    assert answer.headers["location"] == f"/api/v1/job/{job}"


async def test_a_job_that_has_ended_is_answered_at_once(api: Api, settings: Settings) -> None:
    """Nothing is waited for; 60 seconds is the most that is said."""
    (original,) = await uploaded(api, 1)
    job = await asked(api, original)
    await execute(settings, FAIL, job, "time_limit")

    answer = await get(api, job, "wait=3600")

    assert answer.json()["status"] == "failed"
    assert answer.headers["preference-applied"] == "wait=60"


@pytest.mark.parametrize(
    "prefer", ["wait=0", "wait", "wait=-1", "wait=x", "wait=1.5", "waiting=9", "", "respond-async"]
)
async def test_what_is_no_preference_is_ignored(api: Api, prefer: str) -> None:
    """As RFC 7240 has it: no error, and nothing is said to be applied."""
    (original,) = await uploaded(api, 1)
    job = await asked(api, original)

    answer = await get(api, job, prefer)

    assert answer.json()["status"] == "pending"
    assert "preference-applied" not in answer.headers


async def test_a_wait_ends_after_its_time(api: Api) -> None:
    """The answer is the job as it is then."""
    (original,) = await uploaded(api, 1)
    job = await asked(api, original)

    began = time.monotonic()
    answer = await get(api, job, "wait=2")

    assert answer.json()["status"] == "pending"
    assert answer.headers["preference-applied"] == "wait=2"
    assert time.monotonic() - began >= 2


async def test_nobody_waits_for_another_owners_job(settings: Settings) -> None:
    """It is not there, and that is said at once."""
    async with api_with_owners(settings) as api:
        its = await belongings_of(api, "shop")

        began = time.monotonic()
        answer = await get(api, its.job, "wait=60", **headers_of("press"))

        assert_is_problem(answer, 404, "job_not_found")
        assert time.monotonic() - began < 30


async def test_a_process_that_stops_answers_those_who_wait(settings: Settings) -> None:
    """Each gets the job as it is; nobody is cut off, and the stop does not take as long as they would wait."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = ApiServer(config_of(settings))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    async with asyncio.timeout(60):
        while not server.started:
            await asyncio.sleep(0.01)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=60) as http:
        api = Api(http, settings)
        (original,) = await uploaded(api, 1)
        (task,) = await waiting(api, await asked(api, original), seconds=50)

        began = time.monotonic()
        server.should_exit = True
        answer = await task
        await serving

    listener.close()
    assert (answer.status_code, answer.json()["status"]) == (200, "pending")
    assert time.monotonic() - began < 20


class Ended:
    """Finds jobs that have ended, and counts how often it is asked."""

    def __init__(self) -> None:
        self.ended: list[UUID] = []
        self.asked: list[int] = []

    async def find(self, job_ids: list[UUID]) -> list[UUID]:
        """Return those that have."""
        self.asked.append(len(job_ids))
        return [job_id for job_id in job_ids if job_id in self.ended]


async def test_many_waits_share_a_query() -> None:
    """Two hundred that wait for one second cost a query or two; without any there is none."""
    waits, ended = JobWaits(), Ended()
    running = asyncio.create_task(waits.run(ended.find))

    await asyncio.sleep(0)
    assert ended.asked == []
    await asyncio.gather(*(waits.wait(UUID(int=number), seconds=1) for number in range(200)))

    running.cancel()
    assert 1 <= len(ended.asked) <= 3
    assert ended.asked[0] == 200


async def test_waits_are_bounded() -> None:
    """One more than the most is let go at once, and there is room again when another has gone."""
    waits = JobWaits(most=2)
    job: Any = UUID(int=1)
    two = [asyncio.create_task(waits.wait(job, seconds=60)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not waits.has_room

    await asyncio.wait_for(waits.wait(job, seconds=60), 10)
    waits.tell_ended([job])
    await asyncio.gather(*two)

    assert waits.has_room
