"""Lets the reports of a processor that has enough to do go out together: Kafka and the API take them as one."""

import asyncio
from collections.abc import Callable

LINGER_SECONDS = 0.25
"""How long the first of them waits for others at most."""


class Linger:
    """Holds reports back while *has_enough_to_do* says that no image process stands idle meanwhile.

    The first that finds otherwise lets all of them go. Nothing is risked by that: a job whose report is not out is not
    acknowledged either.
    """

    def __init__(self, has_enough_to_do: Callable[[], bool], *, seconds: float = LINGER_SECONDS) -> None:
        self._has_enough_to_do = has_enough_to_do
        self._seconds = seconds
        self._held: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """Return when it is time to send: at once, or together with the others."""
        if not self._has_enough_to_do():
            self._let_go()
            return
        if self._held is None:
            loop = asyncio.get_running_loop()
            self._held = loop.create_future()
            self._timer = loop.call_later(self._seconds, self._let_go)
        await asyncio.shield(self._held)  # one that is cancelled leaves the others waiting

    def _let_go(self) -> None:
        if self._held is not None:
            self._timer.cancel()
            self._held.set_result(None)
            self._held = None
