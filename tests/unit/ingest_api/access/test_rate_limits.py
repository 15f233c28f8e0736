"""Rate limits fill steadily, and say what they still allow."""

from dataclasses import dataclass

from ingest_api.access.rate_limits import Allowance, RateLimits


@dataclass
class Clock:
    """A clock that the test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def told(allowance: Allowance | None) -> tuple[int, int, int]:
    """Return what a caller is told."""
    assert allowance
    return allowance.remaining, allowance.reset_seconds, allowance.retry_after_seconds


def test_a_minutes_requests_may_come_at_once() -> None:
    """After them each waits for its share of the minute; what was refused costs nothing."""
    clock = Clock()
    limits = RateLimits(3, clock)

    at_once = [told(limits.spend("shop")) for _ in range(5)]
    clock.now += 19.5
    too_early = told(limits.spend("shop"))
    clock.now += 0.5
    in_time = told(limits.spend("shop"))

    assert at_once == [(2, 20, 0), (1, 40, 0), (0, 60, 0), (0, 80, 20), (0, 80, 20)]
    assert (too_early, in_time) == ((0, 61, 1), (0, 60, 0))


def test_an_owner_that_waits_gets_a_minutes_requests_and_no_more() -> None:
    """A bucket that is full stays so, and each owner has its own."""
    clock = Clock()
    limits = RateLimits(2, clock)
    limits.spend("shop")

    clock.now += 3600

    assert [told(limits.spend(owner)) for owner in ("shop", "press")] == [(1, 30, 0), (1, 30, 0)]


def test_without_a_limit_nothing_is_counted() -> None:
    """0 is no limit."""
    assert RateLimits(0, Clock()).spend("shop") is None
