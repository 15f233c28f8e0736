"""Deletes rows that nothing needs any more: of jobs that ended long ago, and of images deleted long ago."""

from datetime import datetime
from uuid import UUID

from ingest_api.job_store.connecting import Pool, connection_of
from ingest_api.job_store.statements import statement


class PostgresOldRows:
    """Every method raises `JobStoreUnavailableError` when the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def delete_jobs(self, limit: int, *, ended_before: datetime) -> int:
        """Delete jobs that are neither cleaned up after nor requested any more; return how many, at most *limit*."""
        return await self._delete("delete_old_jobs", limit, ended_before, _first_id_of(ended_before))

    async def delete_images(self, limit: int, *, deleted_before: datetime) -> int:
        """Delete the rows of deleted images that no job and no other image refers to; return how many."""
        return await self._delete("delete_old_rows", limit, deleted_before)

    async def _delete(self, name: str, *arguments: object) -> int:
        async with connection_of(self._pool) as connection:
            return int(await connection.fetchval(statement(name), *arguments) or 0)


def _first_id_of(moment: datetime) -> UUID:
    """Return a UUID not greater than any of version 7 that was made at *moment*, or later."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
