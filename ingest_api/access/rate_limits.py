"""Rate limits for owners: a token bucket for each, which fills steadily and holds a minute's requests."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field


class TooManyRequestsError(Exception):
    """The owner's keys have reached their rate limit."""

    def __init__(self, per_minute: int, *, retry_after_seconds: int) -> None:
        super().__init__(
            f"The keys of this owner may make {per_minute} requests a minute; try again in {retry_after_seconds} s."
        )
        self.retry_after_seconds = retry_after_seconds


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

    def spend(self, owner: str) -> None:
        """Take one request from *owner*'s bucket; raise `TooManyRequestsError` if it is empty. 0: no limit."""
        if not self.per_minute:
            return
        now, rate = self.clock(), self.per_minute / 60
        bucket = self._buckets.setdefault(owner, _Bucket(self.per_minute, now))
        bucket.tokens = min(self.per_minute, bucket.tokens + (now - bucket.filled_at) * rate)
        bucket.filled_at = now
        if bucket.tokens < 1:
            raise TooManyRequestsError(self.per_minute, retry_after_seconds=math.ceil((1 - bucket.tokens) / rate))
        bucket.tokens -= 1
