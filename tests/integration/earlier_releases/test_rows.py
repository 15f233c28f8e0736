"""Rows of earlier releases, after this release's migrations."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from common.options.tasks import TaskOptions
from common.settings.groups import KafkaSettings, LimitsSettings
from ingest_api.domain.caller import ANYBODY
from ingest_api.domain.idempotency import KeyReusedError
from ingest_api.domain.job import JobState
from ingest_api.intake.job_request import JobRequest
from ingest_api.intake.jobs import JobIntake
from ingest_api.job_store.connecting import open_pool
from ingest_api.job_store.migrating import migrate
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.messages import Messages
from tests.factories.jobs import NOON

ROWS = Path(__file__).with_name("schema_3_rows.sql")
ORIGINAL = UUID("0199f3a2-3b7e-7c90-a1d4-2f6b8c1e9a02")
PENDING, COMPLETED, FAILED = (UUID(f"0199f3a2-4d10-7b3c-8f21-00000000000{number}") for number in (1, 2, 3))


@pytest_asyncio.fixture
async def upgraded(empty_database_uri: str) -> AsyncIterator[PostgresJobStore]:
    """Yield a store whose rows were written before the upgrade."""
    await migrate(empty_database_uri, up_to=3)
    connection = await asyncpg.connect(empty_database_uri)
    await connection.execute(ROWS.read_text("utf-8"))
    await connection.close()
    await migrate(empty_database_uri)
    async with open_pool(empty_database_uri, max_connections=2) as pool:
        yield PostgresJobStore(pool)


async def test_jobs_are_as_they_were(upgraded: PostgresJobStore) -> None:
    """State, attempt, reason and options of every job are read."""
    found = [await upgraded.find_job(job_id) for job_id in (PENDING, COMPLETED, FAILED)]
    jobs = [record.job for record in found if record]

    assert [job.state for job in jobs] == [JobState.PENDING, JobState.COMPLETED, JobState.FAILED]
    assert [job.has_ended for job in jobs] == [False, True, True]
    assert [job.attempt for job in jobs] == [2, 1, 3]
    assert jobs[2].code == "time_limit"
    assert [record.tasks[0].options.root["format"] for record in found if record] == ["avif", "webp", "png"]
    assert [record.tasks[0].options.understood().quality for record in found if record] == [80, 80, 1]


async def test_a_request_under_a_key_of_before_is_recognised(upgraded: PostgresJobStore) -> None:
    """A client that asks again after the upgrade gets the job that it was given before."""
    intake = JobIntake(upgraded, Messages(KafkaSettings()), LimitsSettings(), lambda: NOON)

    again = await intake.accept(
        JobRequest(original_id=ORIGINAL, options=[TaskOptions({"quality": 70})]),
        caller=ANYBODY,
        key="anybody:order-4711",
    )

    assert again.job.id == PENDING
    with pytest.raises(KeyReusedError):
        await intake.accept(
            JobRequest(original_id=ORIGINAL, options=[TaskOptions({"quality": 71})]),
            caller=ANYBODY,
            key="anybody:order-4711",
        )
