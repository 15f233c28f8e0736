"""Batches: many jobs that are asked for together, and whose end is announced once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ingest_api.domain.tags import Tags

MOST_JOBS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch as last committed."""

    id: UUID
    owner: str
    total: int
    created_at: datetime
    tags: Tags = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many of its jobs are in each state that one of them is in."""
    ended_at: datetime | None = None
    deleted_at: datetime | None = None
    """When its deletion was asked for."""
