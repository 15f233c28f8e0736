"""The schema, as migrated, says the same of a job's states as `ingest_api/domain/job.py`."""

import re

import pytest

from ingest_api.domain.job import NEXT_STATES, JobState
from ingest_api.job_store.connecting import Pool
from ingest_api.job_store.statements import statement

ENDED = {state for state, following in NEXT_STATES.items() if not following}
QUOTED = re.compile(r"'(\w+)'::text")


async def constraint(pool: Pool, name: str) -> str:
    """Return the definition of a constraint on jobs, as PostgreSQL has it."""
    async with pool.acquire() as connection:
        found: str = await connection.fetchval(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'jobs'::regclass AND conname = $1",
            name,
        )
    return found


async def test_the_schema_knows_every_state(pool: Pool) -> None:
    """The column takes the states of the table, and no other."""
    assert set(QUOTED.findall(await constraint(pool, "jobs_state_check"))) == set(JobState)


async def test_the_schema_has_a_time_for_every_end(pool: Pool) -> None:
    """A job has a time of its end if and only if its state is one that nothing leads out of: `ended_at` tells."""
    assert set(QUOTED.findall(await constraint(pool, "ended_jobs_have_a_time"))) == ENDED


@pytest.mark.parametrize(
    ("name", "index", "arguments"),
    [
        ("unanswered_jobs", "jobs_not_ended", ("now()", "10")),
        ("backlog", "jobs_not_ended", ()),
        ("unknown_images", "jobs_not_ended", ("'{0199f3a0-8c1e-7d2a-b7a4-6c3f6a1d2e10}'",)),
        ("delete_unused_images", "jobs_by_original", ("'{0199f3a0-8c1e-7d2a-b7a4-6c3f6a1d2e10}'",)),
        ("delete_unused_images", "variants_by_original", ("'{0199f3a0-8c1e-7d2a-b7a4-6c3f6a1d2e10}'",)),
    ],
)
async def test_statements_find_unfinished_jobs_by_their_index(
    pool: Pool, name: str, index: str, arguments: tuple[str, ...]
) -> None:
    """However many jobs have ended, they are not read."""
    asked = statement(name)
    for number, argument in enumerate(arguments, 1):
        asked = asked.replace(f"${number}", argument)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {asked}"))

    assert index in plan
