"""Hands events to concurrent work, no more at once than may be in hand, and acknowledges them in order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import structlog

from common import metrics
from common.failpoints import Failpoint, fail_at
from processor.stream.acknowledgements import OrderedAcks

log = structlog.get_logger(__name__)


class Dispatcher:
    """Runs *handle* for each event of a stream: one for each of *slots*, and *beyond* that have given theirs back.

    *handle* must not raise: whatever becomes of a job is a result to be sent. Cancelled, its event is not
    acknowledged, and Kafka delivers it again.
    """

    def __init__(self, handle: Callable[[Any], Awaitable[None]], *, slots: int, beyond: int = 0) -> None:
        self._handle = handle
        self._free = asyncio.Semaphore(slots)
        self._beyond = beyond
        self._without_slot: set[asyncio.Task[Any] | None] = set()
        self._acks = OrderedAcks()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_draining = False

    async def consume(self, stream: Any) -> None:
        """Take the events of a Faust stream until it ends or draining begins."""
        unacknowledged = stream.noack()
        events = aiter(unacknowledged.events())
        while not self._is_draining:
            # A slot first: an event that is pulled is ours to finish, one that waits in Kafka is anyone's.
            await self._free.acquire()
            if not await self._take(unacknowledged, events):
                self._free.release()
                return

    def give_slot_back(self) -> None:
        """Let another event be taken, if not too many have said so, while the caller, run by this, goes on."""
        task = asyncio.current_task()
        if task not in self._without_slot and len(self._without_slot) < self._beyond:
            self._without_slot.add(task)
            self._free.release()

    async def drain(self, *, grace_seconds: float) -> None:
        """Take no more; let what is in hand finish within the grace, then give it up to be delivered again."""
        self._is_draining = True
        log.info("draining", in_hand=len(self._tasks), grace_seconds=grace_seconds)
        if self._tasks:
            _, unfinished = await asyncio.wait(self._tasks, timeout=grace_seconds)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
            log.info("drained", given_up=len(unfinished))
        self._acks.forget()

    async def _take(self, stream: Any, events: AsyncIterator[Any]) -> bool:
        try:
            event = await anext(events, None)
        except BaseException:
            self._free.release()
            raise
        if event is None or self._is_draining:
            return False
        self._acks.taken(event)
        task = asyncio.create_task(self._work(stream, event))
        self._tasks.add(task)
        metrics.JOBS_IN_HAND.set(len(self._tasks))
        task.add_done_callback(self._released)
        return True

    async def _work(self, stream: Any, event: Any) -> None:
        await self._handle(event)
        for finished in self._acks.finished(event):
            await stream.ack(finished)
            fail_at(Failpoint.REQUEST_ACKNOWLEDGED_NOT_COMMITTED)

    def _released(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        metrics.JOBS_IN_HAND.set(len(self._tasks))
        if task in self._without_slot:
            self._without_slot.remove(task)
        else:
            self._free.release()
        if not task.cancelled() and (error := task.exception()):
            # The event stays unacknowledged and holds its partition: better seen than lost.
            log.error("handling raised", exc_info=error)
