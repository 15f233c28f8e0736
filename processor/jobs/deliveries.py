"""Takes variants from the pool while others are still being made, and has them stored several at a time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import monotonic
from types import TracebackType
from typing import Self

from processor.engine import ImageRefusedError, MadeVariant
from processor.jobs.measurements import Stage, stage

Delivery = tuple[int, MadeVariant | ImageRefusedError]
"""What became of the request at a place."""
Deliver = Callable[[int, MadeVariant | ImageRefusedError], None]

LINGER_SECONDS = 0.5
"""How long a made variant waits for others: a job that takes less has all of them stored at once, at its end."""


class Deliveries:
    """Collects deliveries, and gives them to *settle*, several at a time.

    At the end of the block the rest is settled too, and the first error of any is raised; if the block fails, what is
    being settled is cancelled.
    """

    def __init__(
        self, settle: Callable[[Sequence[Delivery]], Awaitable[None]], *, linger_seconds: float = LINGER_SECONDS
    ) -> None:
        self._settle = settle
        self._linger_seconds = linger_seconds
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Delivery] = deque()
        self._since = monotonic()
        self._settling: list[asyncio.Future[None]] = []
        self.taken: list[Delivery] = []
        """All that was delivered."""

    def put(self, place: int, outcome: MadeVariant | ImageRefusedError) -> None:
        """Take a delivery; to be called in any thread."""
        self.taken.append((place, outcome))
        self._waiting.append((place, outcome))
        if monotonic() - self._since >= self._linger_seconds:
            self._since = monotonic()
            self._loop.call_soon_threadsafe(self._settle_waiting)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Settle the rest, or cancel what is being settled."""
        if error is None:
            self._settle_waiting()
            with stage(Stage.STORE):
                await wait_for_all(self._settling)
            return
        self._waiting.clear()
        await _cancel(self._settling)

    def _settle_waiting(self) -> None:
        deliveries = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if deliveries:
            self._settling.append(asyncio.ensure_future(self._settle(deliveries)))


async def wait_for_all(work: Iterable[Awaitable[None]]) -> None:
    """Wait until all of *work* has ended, then raise its first error; on cancellation, cancel all and wait."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        results = await asyncio.gather(*tasks, return_exceptions=True)
    except asyncio.CancelledError:
        await _cancel(tasks)
        raise
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _cancel(tasks: Sequence[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
