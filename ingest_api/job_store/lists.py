"""Lists images and jobs in pages, newest first: a page starts where the last one ended, whatever was added since."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from ingest_api.domain.job import NEXT_STATES, JobState
from ingest_api.domain.tags import Tags, tag_texts
from ingest_api.job_store import JobRecord, StoredImage
from ingest_api.job_store.connecting import Connection, Pool, connection_of
from ingest_api.job_store.found_jobs import fetch_jobs
from ingest_api.job_store.rows import encode_tags, image_from
from ingest_api.job_store.statements import statement

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """The requested part of a list, and its owner."""

    limit: int
    before: UUID | None = None
    """The last id of the previous page."""
    owner: str | None = None
    """None: all owners."""
    original_id: UUID | None = None
    tags: Tags = field(default_factory=dict)
    """Those that an item has, maybe among others."""
    batch_id: UUID | None = None
    """Of jobs."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list, and the id after which the next one starts; None at the end."""

    items: Sequence[Item]
    next_before: UUID | None


class PostgresLists:
    """Every method raises `JobStoreUnavailableError` when the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def images(self, wanted: PageRequest) -> Page[StoredImage]:
        """Return a page of images, originals and variants."""
        async with connection_of(self._pool) as connection, connection.transaction():
            await _plan_for_arguments(connection)
            arguments = (wanted.before, wanted.owner, wanted.original_id, wanted.limit + 1)
            rows = await connection.fetch(*_by_tags("images", wanted.tags, *arguments))
        return _page([image_from(row) for row in rows[: wanted.limit]], [row["id"] for row in rows], wanted.limit)

    async def jobs(
        self, wanted: PageRequest, *, state: JobState | None = None, code: str | None = None
    ) -> Page[JobRecord]:
        """Return a page of jobs, without those that this release cannot read."""
        is_unfinished = bool(NEXT_STATES[state]) if state else None
        which = (wanted.before, wanted.owner, wanted.original_id, state, is_unfinished, code)
        arguments = (*which, wanted.limit + 1, wanted.batch_id)
        async with connection_of(self._pool) as connection, connection.transaction():
            await _plan_for_arguments(connection)
            ids = [row["id"] for row in await connection.fetch(*_by_tags("jobs", wanted.tags, *arguments))]
            found = await fetch_jobs(connection, ids[: wanted.limit])
        records = (found.get(job_id) for job_id in ids[: wanted.limit])
        return _page([record for record in records if isinstance(record, JobRecord)], ids, wanted.limit)


def _by_tags(items: str, tags: Tags, *arguments: object) -> tuple[Any, ...]:
    """Return the statement that lists *items*, by their tags if there are any, and its arguments."""
    if not tags:
        return (statement(f"list_{items}"), *arguments)
    return (statement(f"list_tagged_{items}"), *arguments, tag_texts(tags)[0], encode_tags(tags))


async def _plan_for_arguments(connection: Connection) -> None:
    """Plan the statements of this transaction for their arguments: the right index depends on them."""
    await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")


def _page(items: Sequence[Item], ids: Sequence[Any], limit: int) -> Page[Item]:
    return Page(items, ids[limit - 1] if len(ids) > limit else None)
