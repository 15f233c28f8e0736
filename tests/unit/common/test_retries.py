"""Waiting out an outage."""

import pytest

from common.retries import retry_until_available


class Work:
    """Raises what it is given, one by one, then returns how often it was called."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.calls = 0

    async def __call__(self) -> int:
        """Fail, or tell the number of calls."""
        self.calls += 1
        if self._failures:
            raise self._failures.pop(0)
        return self.calls


@pytest.mark.parametrize("outages", [0, 1, 3])
async def test_work_is_done_once_the_outage_is_over(outages: int) -> None:
    """However often it was in vain, what the work returns in the end is returned, and it is not done twice."""
    work = Work(*(ConnectionError() for _ in range(outages)))

    assert await retry_until_available(work, on=ConnectionError) == outages + 1
    assert work.calls == outages + 1


@pytest.mark.parametrize("outages", [0, 1, 3])
async def test_any_other_error_ends_it(outages: int) -> None:
    """Only what was said to pass by itself is waited for."""
    work = Work(*(ConnectionError() for _ in range(outages)), ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        await retry_until_available(work, on=(ConnectionError, TimeoutError))

    assert work.calls == outages + 1
