"""Runs work until Ctrl-C or SIGTERM: the first cancels it, the second hurries it."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)


async def run_until_signal(work: Callable[[], Awaitable[None]], *, hurry: Callable[[], None]) -> None:
    """Await *work*; return when it has ended by itself or after a signal; raise what it raises.

    A first SIGINT or SIGTERM cancels it, so that its `finally` clauses run; each further one calls *hurry*.
    """
    task = asyncio.ensure_future(work())
    signals_received: list[signal.Signals] = []

    def on_signal(number: signal.Signals) -> None:
        signals_received.append(number)
        if len(signals_received) == 1:
            log.info("stopping; once more stops at once", signal=number.name)
            task.cancel()
        else:
            log.warning("stopping at once", signal=number.name)
            hurry()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, on_signal, number)
    try:
        await task
    except asyncio.CancelledError:
        if not signals_received:
            raise
