"""Rate limits for owners: a token bucket for each, which fills steadily and holds a minute's requests."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an owner may still request, after a request."""

    per_minute: int
    tokens: float
    """Negative if the request is one too many."""

    @property
    def remaining(self) -> int:
        """Return how many requests may follow at once."""
        return max(math.floor(self.tokens), 0)

    @property
    def reset_seconds(self) -> int:
        """Return after how long without a request all of a minute's requests may follow at once."""
        return self._seconds_until(self.per_minute)

    @property
    def retry_after_seconds(self) -> int:
        """Return after how long the request may be repeated; 0 if it was admitted."""
        return self._seconds_until(0)

    def _seconds_until(self, tokens: float) -> int:
        return max(math.ceil((tokens - self.tokens) * 60 / self.per_minute), 0)


class TooManyRequestsError(Exception):
    """The owner's keys have reached their rate limit."""

    def __init__(self, allowance: Allowance) -> None:
        self.retry_after_seconds = allowance.retry_after_seconds
        super().__init__(
            f"The keys of this owner may make {allowance.per_minute} requests a minute; "
            f"try again in {self.retry_after_seconds} s."
        )


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


@dataclass(slots=True)
class RateLimits:
    """Counts in this process: with several API processes behind a balancer, each applies the limit by itself.

    Holds a bucket for each owner of a configured key, so it hardly grows.
    """

    per_minute: int
    clock: Callable[[], float]
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def spend(self, owner: str) -> Allowance | None:
        """Take a request from *owner*'s bucket if it has one; return what it allows now, or None without a limit."""
        if not self.per_minute:
            return None
        now = self.clock()
        bucket = self._buckets.setdefault(owner, _Bucket(self.per_minute, now))
        bucket.tokens = min(self.per_minute, bucket.tokens + (now - bucket.filled_at) * self.per_minute / 60)
        bucket.filled_at = now
        allowance = Allowance(self.per_minute, bucket.tokens - 1)
        bucket.tokens = allowance.tokens if allowance.tokens >= 0 else bucket.tokens
        return allowance
