"""Adds jobs and their requests; concurrent ones share a statement and its commit."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest_api.job_store import ImageUnknownError, JobRecord, OutboxMessage, ValueRefusedError
from ingest_api.job_store.batch_loader import BatchLoader
from ingest_api.job_store.connecting import Connection, Pool, connection_of
from ingest_api.job_store.rows import new_job_columns
from ingest_api.job_store.statements import statement


@dataclass(frozen=True, slots=True, eq=False)
class NewJob:
    """A job and its request."""

    record: JobRecord
    request: OutboxMessage


class NewJobs:
    """Adds jobs; to its callers, one by one."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._shared = BatchLoader(self._outcomes)

    async def add(self, new: NewJob) -> None:
        """Commit the job and its event, or neither; raise `ImageUnknownError` or `ValueRefusedError`."""
        outcome = await self._shared.get(new)
        if isinstance(outcome, ValueRefusedError):
            raise outcome
        if outcome is None:
            raise ImageUnknownError(new.record.original.id)

    async def _outcomes(self, jobs: Sequence[NewJob]) -> dict[NewJob, NewJob | ValueRefusedError]:
        """Insert *jobs*; return the outcome of each except those of unknown images. A refused one affects no other."""
        try:
            async with connection_of(self._pool) as connection:
                return {new: new for new in await insert_jobs(connection, jobs)}
        except ValueRefusedError as exc:
            if len(jobs) == 1:
                return {jobs[0]: exc}
        outcomes: dict[NewJob, NewJob | ValueRefusedError] = {}
        for new in jobs:
            outcomes |= await self._outcomes([new])
        return outcomes


async def insert_jobs(connection: Connection, jobs: Sequence[NewJob]) -> list[NewJob]:
    """Insert *jobs* with their events; return those whose originals exist. The others leave nothing."""
    columns = new_job_columns([(new.record, new.request) for new in jobs])
    inserted = {row["id"] for row in await connection.fetch(statement("insert_jobs"), *columns)}
    return [new for new in jobs if new.record.job.id in inserted]
