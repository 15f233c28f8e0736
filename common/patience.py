"""Waiting out an outage, however long: what cannot be done now is tried again until it can."""

from collections.abc import AsyncIterator

import stamina

LONGEST_WAIT_SECONDS = 5.0
"""Between two tries; so also how long after an outage work goes on."""


def tries_for_ever(on: type[Exception] | tuple[type[Exception], ...]) -> AsyncIterator[stamina.Attempt]:
    """Yield tries, to be made in a `with`, until one ends without raising *on*; waits longer from one to the next."""
    return aiter(stamina.retry_context(on, attempts=None, timeout=None, wait_max=LONGEST_WAIT_SECONDS))
