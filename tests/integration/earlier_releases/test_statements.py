"""The statements of the release before on this release's schema: both run side by side during an upgrade."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from common.ids import new_id
from common.options.tasks import TaskOptions
from common.settings.groups import KafkaSettings, LimitsSettings
from ingest_api.domain.caller import ANYBODY
from ingest_api.domain.job import JobState
from ingest_api.intake.job_request import JobRequest
from ingest_api.intake.jobs import JobIntake
from ingest_api.job_store import Backlog, JobRecord
from ingest_api.job_store.connecting import Pool
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.job_store.rows import encode_tasks, image_columns
from ingest_api.life_cycle.messages import Messages
from tests.factories.jobs import NOON, a_record, an_image

SQL = Path(__file__).with_name("schema_3_sql")
TOMORROW = datetime(2100, 1, 1, tzinfo=UTC)


class ReleaseBefore:
    """Runs the statements of the release before, with its arguments."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def run(self, name: str, *arguments: Any) -> list[Any]:
        """Return the rows of a statement."""
        async with self._pool.acquire() as connection:
            return await connection.fetch((SQL / f"{name}.sql").read_text("utf-8"), *arguments)

    async def add(self, record: JobRecord) -> None:
        """Take an image and a job in."""
        await self.run("insert_images", *image_columns([record.original])[:9])  # it knows no owners
        job = ([record.job.id], [record.original.id], [encode_tasks(record.tasks)], [NOON])
        inserted = await self.run("insert_jobs", *job, ["t"], [b"k"], [b"v"], ['{"h": "1"}'], [None])
        assert len(inserted) == 1

    async def publish(self, record: JobRecord) -> None:
        """Send what is due, as its relay does."""
        ids = [row["id"] for row in await self.run("claim_messages", 10)]
        await self.run("settle_messages", ids, [record.job.id], [3], [57])

    async def end(self, record: JobRecord, state: str) -> None:
        """Write the end of a job, or try to."""
        why = (["c"], ["r"]) if state == "failed" else ([None], [None])
        await self.run("update_jobs", [record.job.id], [state], [1], [1], *why, [None], [NOON])


@pytest.fixture
def before(pool: Pool) -> ReleaseBefore:
    """Return the release before."""
    return ReleaseBefore(pool)


@pytest.mark.parametrize("state", ["completed", "failed"])
async def test_what_it_ends_has_ended(before: ReleaseBefore, jobs: PostgresJobStore, state: str) -> None:
    """A job that it takes in, publishes and ends is unfinished, unanswered and ended here too, step by step."""
    record = a_record()

    await before.add(record)
    assert (await jobs.backlog()).pending == 1
    await before.publish(record)
    assert [place.offset for place in await jobs.list_unanswered(published_before=TOMORROW, limit=10)] == [57]
    await before.end(record, state)

    found = await jobs.find_job(record.job.id)
    assert found is not None
    assert (found.job.state, found.job.has_ended) == (JobState(state), True)
    assert await jobs.list_unanswered(published_before=TOMORROW, limit=10) == []
    assert await jobs.backlog() == Backlog()


async def test_it_leaves_what_ended_here_alone(before: ReleaseBefore, jobs: PostgresJobStore) -> None:
    """The first end wins, whichever release writes it."""
    record = a_record()
    await before.add(record)
    async with jobs.changing([record.job.id]) as changes:
        changes.save(record.job.succeeded(at=NOON))

    await before.end(record, "failed")

    found = await jobs.find_job(record.job.id)
    assert found is not None
    assert found.job.state is JobState.COMPLETED
    assert await before.run("unanswered_jobs", TOMORROW, 10) == []
    (backlog,) = await before.run("backlog")
    assert (backlog["pending"], backlog["processing"]) == (0, 0)


async def test_it_recognises_a_request_that_was_made_here(before: ReleaseBefore, jobs: PostgresJobStore) -> None:
    """A client that asks again under its key, and reaches the release before, is not told that the key was misused."""
    original = an_image()
    await jobs.add_originals([original])
    intake = JobIntake(jobs, Messages(KafkaSettings()), LimitsSettings(), lambda: NOON)
    record = await intake.accept(
        JobRequest(original_id=original.id, options=[TaskOptions({"quality": 70})]), caller=ANYBODY, key="k"
    )

    (row,) = await before.run("find_key", "createJob", "k")

    text = '{"format":null,"maxDimension":0,"quality":70,"keepMetadata":false}'
    assert row["fingerprint"] == sha256(f"36:{original.id}{len(text)}:{text}".encode()).digest()
    assert row["ids"] == [record.job.id]


async def test_it_takes_keys_here(before: ReleaseBefore) -> None:
    """It knows no column that was added since, and need not."""
    assert len(await before.run("insert_key", "createJob", "k", b"f" * 32, [new_id()])) == 1
