"""What a client asks for in one job, before anything is looked up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from common.options.tasks import TaskOptions, canonical_json
from ingest_api.domain.idempotency import IdempotencyKey, idempotency_key
from ingest_api.domain.priority import Priority
from ingest_api.domain.tags import Tags


class TooManyTasksError(Exception):
    """A job requests more variants than the limit."""

    def __init__(self, limit: int, *, found: int, place: str = "options") -> None:
        super().__init__(f"{place}: a job may have {limit} tasks at most, this one has {found}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """Variants of one original, one for each of the options."""

    original_id: UUID
    options: Sequence[TaskOptions]
    tags: Tags = field(default_factory=dict)
    priority: Priority = Priority.INTERACTIVE
    variants_expire_seconds: int | None = None
    """How long its variants are kept; None: as long as the settings say."""
    retry_of: UUID | None = None
    """The failed or cancelled job whose tasks it repeats."""

    def check_tasks(self, limit: int, *, place: str = "options") -> None:
        """Raise `TooManyTasksError`, which names the *place* of its options, if it has more than *limit*."""
        if len(self.options) > limit:
            raise TooManyTasksError(limit, found=len(self.options), place=place)

    def idempotency_key(self, key: str | None) -> IdempotencyKey | None:
        """Return the idempotency key of a job of its own."""
        first = [str(self.original_id), *(option.as_first_written() for option in self.options)]
        return idempotency_key("createJob", key, self.parts(), as_first_written=first)

    def parts(self) -> list[str]:
        """Return what distinguishes it from others. Members it does not use are left out: a new one changes nothing."""
        asked = [canonical_json(option.without_defaults()) for option in self.options]
        tags = [f"tags {canonical_json(dict(self.tags))}"] if self.tags else []
        priority = [f"priority {self.priority}"] if self.is_bulk else []
        expiry = [f"expires {self.variants_expire_seconds}"] if self.variants_expire_seconds else []
        return [str(self.original_id), *asked, *tags, *priority, *expiry]

    @property
    def is_bulk(self) -> bool:
        """Whether others go first."""
        return self.priority is Priority.BULK
