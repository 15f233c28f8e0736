"""Decides which finished events may be acknowledged: only those before which nothing is unfinished.

Keeps the protocol's rule "ordered acknowledgement" (ARCHITECTURE.md).
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Protocol, TypeVar


class Message(Protocol):
    """What is used of a Kafka message."""

    @property
    def partition(self) -> int:
        """The partition it was read from."""
        ...

    @property
    def offset(self) -> int:
        """Its place there."""
        ...

    @property
    def generation_id(self) -> int | None:
        """Changes whenever the group's partitions are dealt anew."""
        ...


class Event(Protocol):
    """Something that carries a message."""

    @property
    def message(self) -> Message:
        """The message it was read from."""
        ...


EventT = TypeVar("EventT", bound=Event)


@dataclass(slots=True)
class OrderedAcks:
    """Keeps the events in hand, by partition and in the order taken.

    Kafka knows one position a partition: committing past an unfinished event loses it when the process dies
    (faust-streaming #606). Holding the events here also keeps Faust from forgetting them, as it refers weakly.
    """

    _generation: int | None = None
    _in_hand: dict[int, OrderedDict[int, tuple[Event, bool]]] = field(default_factory=dict)

    def taken(self, event: EventT) -> None:
        """Note that work on *event* begins. The first of a new generation makes all older ones forgotten."""
        if event.message.generation_id != self._generation:
            self.forget()
            self._generation = event.message.generation_id
        self._in_hand.setdefault(event.message.partition, OrderedDict())[event.message.offset] = (event, False)

    def finished(self, event: EventT) -> list[EventT]:
        """Note that *event* is done; return the events that may now be acknowledged, in order.

        Nothing for one that was forgotten: its partition has been dealt anew, and it will be delivered again.
        """
        partition = self._in_hand.get(event.message.partition, OrderedDict())
        if partition.get(event.message.offset) != (event, False):
            return []
        partition[event.message.offset] = (event, True)
        ready: list[EventT] = []
        while partition and next(iter(partition.values()))[1]:
            _, (first, _) = partition.popitem(last=False)
            ready.append(first)  # type: ignore[arg-type] # what comes out is what was put in
        return ready

    def forget(self) -> None:
        """Forget every event in hand; none of them will be acknowledged."""
        self._in_hand.clear()
