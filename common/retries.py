"""Waits out outages of any length: repeats a call until it succeeds."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

LONGEST_WAIT_SECONDS = 5.0
"""The longest wait between two tries, and so the longest delay after an outage."""

Result = TypeVar("Result")


async def retry_until_available(
    work: Callable[[], Awaitable[Result]], on: type[Exception] | tuple[type[Exception], ...]
) -> Result:
    """Call *work* until it does not raise *on*, and return its result.

    The second call follows at once, each further one after a longer wait.
    """
    try:
        return await work()  # nearly always enough: stamina's setup costs more than sending the smallest job
    except on:
        async for attempt in stamina.retry_context(on, attempts=None, timeout=None, wait_max=LONGEST_WAIT_SECONDS):
            with attempt:
                return await work()
    raise AssertionError  # retry_context ends by returning or raising
