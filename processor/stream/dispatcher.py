"""Runs the handler for a bounded number of events concurrently, and acknowledges them in order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import structlog

from common import metrics
from common.failpoints import Failpoint, fail_at
from processor.stream.acknowledgements import OrderedAcks
from processor.stream.slots import Slot, Slots

log = structlog.get_logger(__name__)


class Dispatcher:
    """Runs *handle* for each event of a stream, with one of the *slots*.

    *handle* may release its slot before it ends; at most *beyond* calls then continue without one. It must not raise:
    every outcome of a job is a result to send. If it is cancelled, its event is not acknowledged, and Kafka delivers
    it again.
    """

    def __init__(self, handle: Callable[[Any, Slot], Awaitable[None]], *, slots: int, beyond: int = 0) -> None:
        self._handle = handle
        self._slots = Slots(slots, beyond=beyond)
        self._acks = OrderedAcks()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_draining = False

    async def consume(self, stream: Any) -> None:
        """Take the events of a Faust stream until it ends or draining begins."""
        unacknowledged = stream.noack()
        events = aiter(unacknowledged.events())
        while not self._is_draining:
            # A slot first: we must finish a pulled event, while any processor may take one that waits in Kafka.
            slot = await self._slots.acquire()
            if not await self._take(unacknowledged, events, slot):
                slot.close()
                return

    async def drain(self, *, grace_seconds: float) -> None:
        """Take no more events; wait for the running ones, then cancel them, so that Kafka delivers them again."""
        self._is_draining = True
        log.info("draining", in_hand=len(self._tasks), grace_seconds=grace_seconds)
        if self._tasks:
            _, unfinished = await asyncio.wait(self._tasks, timeout=grace_seconds)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
            log.info("drained", given_up=len(unfinished))
        self._acks.forget()

    async def _take(self, stream: Any, events: AsyncIterator[Any], slot: Slot) -> bool:
        try:
            event = await anext(events, None)
        except BaseException:
            slot.close()
            raise
        if event is None or self._is_draining:
            return False
        self._acks.add(event)
        task = asyncio.create_task(self._work(stream, event, slot))
        self._tasks.add(task)
        metrics.JOBS_IN_HAND.inc()
        task.add_done_callback(lambda task: self._forget(task, slot))
        return True

    async def _work(self, stream: Any, event: Any, slot: Slot) -> None:
        await self._handle(event, slot)
        for finished in self._acks.finish(event):
            await stream.ack(finished)
            fail_at(Failpoint.REQUEST_ACKNOWLEDGED_NOT_COMMITTED)

    def _forget(self, task: asyncio.Task[None], slot: Slot) -> None:
        slot.close()
        self._tasks.discard(task)
        metrics.JOBS_IN_HAND.dec()
        if not task.cancelled() and (error := task.exception()):
            # The event stays unacknowledged and blocks its partition: better seen than lost.
            log.error("handler raised", exc_info=error)
