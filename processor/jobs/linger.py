"""Delays the reports of a busy processor, so that several are sent together: Kafka and the API handle them as one."""

import asyncio
from collections.abc import Callable

LINGER_SECONDS = 0.25
"""How long the first report waits for others at most."""


class Linger:
    """Delays reports while *has_enough_to_do* says that no image process is idle.

    The first that finds otherwise lets all of them go. Nothing is risked by that: a job whose report is not out is not
    acknowledged either.
    """

    def __init__(self, has_enough_to_do: Callable[[], bool], *, seconds: float = LINGER_SECONDS) -> None:
        self._has_enough_to_do = has_enough_to_do
        self._seconds = seconds
        self._held: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """Wait until it is time to send: at once, or together with others."""
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
