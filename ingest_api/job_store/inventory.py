"""Reads the database's images in bulk; gc compares them with the blob store."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from ingest_api.job_store.connecting import Pool, connection_of
from ingest_api.job_store.statements import statement

_PAGE = 1000
_BEFORE_ALL = UUID(int=0)


class PostgresInventory:
    """Every method raises `JobStoreUnavailableError` when the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find_unknown(self, ids: Sequence[UUID]) -> list[UUID]:
        """Return those of *ids* that no image has and no unfinished job will give to a variant."""
        async with connection_of(self._pool) as connection:
            rows = await connection.fetch(statement("unknown_images"), list(ids))
        return [row["id"] for row in rows]

    async def pages(self, *, created_before: datetime) -> AsyncIterator[list[UUID]]:
        """Yield the ids of images created before that time, a page at a time."""
        last = _BEFORE_ALL
        while True:
            async with connection_of(self._pool) as connection:
                rows = await connection.fetch(statement("images_after"), last, created_before, _PAGE)
            if not rows:
                return
            yield [row["id"] for row in rows]
            last = rows[-1]["id"]

    async def delete_unused(self, ids: Sequence[UUID]) -> list[UUID]:
        """Delete and return those of *ids* that no job and no variant refers to."""
        async with connection_of(self._pool) as connection:
            rows = await connection.fetch(statement("delete_unused_images"), list(ids))
        return [row["id"] for row in rows]
