"""How many events are in hand, and what becomes of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from processor.stream.dispatcher import Dispatcher
from processor.stream.slots import Slot
from tests.unit.processor.stream.test_acknowledgements import AnEvent, an_event


@dataclass
class AStream:
    """As much of a Faust stream as the dispatcher uses; ends after its events unless *endless*."""

    waiting: list[AnEvent]
    endless: bool = False
    acknowledged: list[int] = field(default_factory=list)
    pulled: int = 0

    def noack(self) -> "AStream":
        """Return the stream whose events are acknowledged by hand."""
        return self

    async def events(self) -> AsyncIterator[AnEvent]:
        """Yield what is waiting."""
        for event in self.waiting:
            self.pulled += 1
            yield event
        if self.endless:
            await asyncio.Event().wait()

    async def ack(self, event: AnEvent) -> None:
        """Remember what was acknowledged."""
        self.acknowledged.append(event.message.offset)


@dataclass
class Gate:
    """Work that lasts until its offset is let through."""

    running: set[int] = field(default_factory=set)
    most_at_once: int = 0
    let_through: dict[int, asyncio.Event] = field(default_factory=dict)

    async def handle(self, event: AnEvent, _: Slot | None = None) -> None:
        """Work on *event*."""
        offset = event.message.offset
        self.running.add(offset)
        self.most_at_once = max(self.most_at_once, len(self.running))
        try:
            await self.let_through.setdefault(offset, asyncio.Event()).wait()
        finally:
            self.running.discard(offset)

    def open(self, offset: int) -> None:
        """Let the work on *offset* end."""
        self.let_through.setdefault(offset, asyncio.Event()).set()


async def until(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    """Wait until *condition* holds."""
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.001)


async def test_no_more_events_are_pulled_than_there_are_slots() -> None:
    """What has no slot stays in the stream, where another processor could have it."""
    stream, gate = AStream([an_event(offset) for offset in range(5)]), Gate()
    consuming = asyncio.create_task(Dispatcher(gate.handle, slots=2).consume(stream))
    await until(lambda: len(gate.running) == 2)
    assert stream.pulled == 2

    for offset in range(5):
        gate.open(offset)
    await until(lambda: len(stream.acknowledged) == 5)

    await consuming
    assert gate.most_at_once == 2


async def test_who_releases_its_slot_makes_room_for_another() -> None:
    """Work that goes on without its slot is bounded as well, and its end frees no second one."""
    gate = Gate()

    async def handle(event: AnEvent, slot: Slot) -> None:
        slot.release()
        slot.release()
        await gate.handle(event)

    stream, dispatcher = AStream([an_event(offset) for offset in range(9)]), Dispatcher(handle, slots=1, beyond=2)
    consuming = asyncio.create_task(dispatcher.consume(stream))
    await until(lambda: len(gate.running) == 3)
    assert stream.pulled == 3

    for offset in range(9):
        gate.open(offset)
    await consuming
    await until(lambda: len(stream.acknowledged) == 9)

    assert gate.most_at_once == 3


async def test_a_finished_event_waits_for_those_before_it() -> None:
    """Acknowledged in order, whatever order the work ends in."""
    stream, gate = AStream([an_event(0), an_event(1)]), Gate()
    await Dispatcher(gate.handle, slots=3).consume(stream)
    await until(lambda: len(gate.running) == 2)

    gate.open(1)
    await until(lambda: gate.running == {0})
    assert stream.acknowledged == []
    gate.open(0)
    await until(lambda: stream.acknowledged == [0, 1])


async def test_draining_finishes_what_is_in_hand() -> None:
    """After the drain, what could finish is acknowledged and nothing more was taken."""
    stream, gate = AStream([an_event(offset) for offset in range(3)], endless=True), Gate()
    dispatcher = Dispatcher(gate.handle, slots=1)
    consuming = asyncio.create_task(dispatcher.consume(stream))
    await until(lambda: gate.running == {0})

    draining = asyncio.create_task(dispatcher.drain(grace_seconds=60))
    await asyncio.sleep(0)
    gate.open(0)
    await draining

    await consuming
    assert stream.acknowledged == [0]
    assert gate.running == set()


async def test_draining_gives_up_what_does_not_finish() -> None:
    """Past the grace, work is cancelled and its event stays unacknowledged."""
    stream, gate = AStream([an_event(0)]), Gate()
    dispatcher = Dispatcher(gate.handle, slots=2)
    await dispatcher.consume(stream)
    await until(lambda: gate.running == {0})

    await dispatcher.drain(grace_seconds=0.01)

    assert gate.running == set()
    assert stream.acknowledged == []


async def test_an_event_whose_handling_raises_is_not_acknowledged() -> None:
    """A mistake of ours must not lose a job: the event is delivered again."""

    async def broken(_: AnEvent, __: Slot) -> None:
        raise ZeroDivisionError

    stream = AStream([an_event(0), an_event(1)])
    dispatcher = Dispatcher(broken, slots=1)

    await dispatcher.consume(stream)
    await dispatcher.drain(grace_seconds=60)

    assert stream.pulled == 2
    assert stream.acknowledged == []


async def test_a_cancelled_consumer_gives_its_slot_back() -> None:
    """Faust restarts its agents; the next one finds every slot free."""
    gate = Gate()
    dispatcher = Dispatcher(gate.handle, slots=1)
    first = asyncio.create_task(dispatcher.consume(AStream([], endless=True)))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)

    stream = AStream([an_event(0)])
    gate.open(0)
    await asyncio.wait_for(dispatcher.consume(stream), 60)

    await until(lambda: stream.acknowledged == [0])
