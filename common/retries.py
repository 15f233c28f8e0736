"""Waiting out an outage, however long: what cannot be done now is tried again until it can."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

LONGEST_WAIT_SECONDS = 5.0
"""Between two tries; so also how long after an outage work goes on."""

Result = TypeVar("Result")


async def retry_until_available(
    work: Callable[[], Awaitable[Result]], on: type[Exception] | tuple[type[Exception], ...]
) -> Result:
    """Return what *work* returns, called again and again until it ends without raising *on*.

    The second call follows the first at once, every other after a longer wait than the one before.
    """
    try:
        return await work()  # nearly always: stamina's preparations cost more than the smallest job's send
    except on:
        async for attempt in stamina.retry_context(on, attempts=None, timeout=None, wait_max=LONGEST_WAIT_SECONDS):
            with attempt:
                return await work()
    raise AssertionError  # retry_context ends by returning or raising
