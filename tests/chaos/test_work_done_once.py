"""What is not done twice where nothing has failed: a backlog is no loss, and who joins or leaves repeats nothing."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import asyncpg
import httpx
import pytest
import pytest_asyncio

from common.events import JobRequested, JobStarted, UnreadableEventError, decode
from tests.chaos.history import History
from tests.chaos.notifications import Reader, ReadRecord
from tests.chaos.opening import stage
from tests.chaos.stage import Stage
from tests.factories.images import photo

JOBS = 150
END_SECONDS = 90


@pytest_asyncio.fixture
async def system(*, kafka_is_real: bool) -> AsyncIterator[Stage]:
    """Yield a running system with two processors on Apache Kafka."""
    if not kafka_is_real:
        pytest.skip("the embedded broker serves one processor and forgets with its process")
    # Not below pytest's own folder: as root, PostgreSQL runs as another account, which that folder keeps out.
    with tempfile.TemporaryDirectory(prefix="icecube-chaos-") as folder:
        place, history, rng = Path(folder), History(Path(folder) / "history"), Random(1)  # noqa: S311 - nothing is secret here
        async with stage(place, kafka="apache", store="disk", partitions=4, history=history, rng=rng) as system:
            yield system


async def asked_for(system: Stage) -> list[str]:
    """Return the ids of `JOBS` accepted jobs."""
    async with httpx.AsyncClient(base_url=system.urls[0], timeout=30) as http:
        uploaded = await http.post("/api/v1/images", files={"file": ("a.jpg", photo(width=600, height=400))})
        original = uploaded.json()[0]["id"]
        bodies = [
            {"originalID": original, "options": [{"format": "jpeg", "maxDimension": 50 + number}]}
            for number in range(JOBS)
        ]
        return [(await http.post("/api/v1/job", json=body)).json()["id"] for body in bodies]


async def until(system: Stage, question: str, *arguments: object) -> None:
    """Return once the database answers *question* with true."""
    connection = await asyncpg.connect(system.dsn)
    try:
        async with asyncio.timeout(END_SECONDS):
            while not await connection.fetchval(question, *arguments):
                await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def told(system: Stage, statement: str, *arguments: object) -> None:
    """Have the database do *statement*."""
    connection = await asyncpg.connect(system.dsn)
    try:
        await connection.execute(statement, *arguments)
    finally:
        await connection.close()


async def events_of(system: Stage) -> tuple[Counter[str], Counter[str]]:
    """Return how often each job was asked for, and how often it was begun."""
    requests: Counter[str] = Counter()
    starts: Counter[str] = Counter()

    def count(record: ReadRecord) -> None:
        try:
            event = decode(record.value)
        except UnreadableEventError:
            return
        if isinstance(event, JobRequested):
            requests[str(event.job_id)] += 1
        elif isinstance(event, JobStarted):
            starts[str(event.job_id)] += 1

    await Reader(system.broker.address, [system.kafka.jobs_topic, system.kafka.results_topic], count).read_to_the_end()
    return requests, starts


ALL_ENDED = "SELECT count(*) = $1 FROM jobs WHERE state = 'completed'"


async def test_an_hour_old_backlog_is_worked_off_once(system: Stage) -> None:
    """Jobs that have waited for an hour are not asked for again; one that is lost shows that all were looked at."""
    for processor in system.processors:
        await processor.stop()
    lost, *waiting = await asked_for(system)
    await until(system, "SELECT bool_and(published_at IS NOT NULL) FROM jobs")

    await told(system, "UPDATE jobs SET published_at = published_at - interval '1 hour'")
    await told(system, "UPDATE jobs SET published_offset = 1000000 WHERE id = $1::uuid", lost)
    await until(system, "SELECT published_offset < 1000000 FROM jobs WHERE id = $1::uuid", lost)
    system.processors[
        0
    ].start()  # alone: one that joins takes partitions over, and begins what it finds unfinished there
    await until(system, ALL_ENDED, JOBS)

    requests, starts = await events_of(system)
    assert {job: requests[job] for job in waiting} == dict.fromkeys(waiting, 1)
    assert {job: starts[job] for job in waiting} == dict.fromkeys(waiting, 1)
    assert requests[lost] == 2


async def test_a_processor_stopped_in_order_leaves_nothing_to_do_again(system: Stage) -> None:
    """At SIGTERM what is in hand is finished and committed, what is not goes to the others: every job begins once."""
    jobs = await asked_for(system)
    await until(system, "SELECT count(*) > 20 FROM jobs WHERE state = 'completed'")

    await system.processors[0].stop()
    await until(system, ALL_ENDED, JOBS)

    _, starts = await events_of(system)
    assert system.processors[0].deaths == [0]
    assert starts == Counter(dict.fromkeys(jobs, 1))
