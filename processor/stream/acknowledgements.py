"""Decides which finished events may be acknowledged: only those with no unfinished event before them.

Keeps the protocol's rules "ordered acknowledgement" and "place in Kafka" (ARCHITECTURE.md).
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Protocol, TypeVar


class Message(Protocol):
    """The part of a Kafka message that is used here."""

    @property
    def topic(self) -> str:
        """The topic the message was read from."""
        ...

    @property
    def partition(self) -> int:
        """The partition the message was read from."""
        ...

    @property
    def offset(self) -> int:
        """The message's place in the partition."""
        ...

    @property
    def generation_id(self) -> int | None:
        """Changes whenever the group's partitions are assigned again."""
        ...


class Event(Protocol):
    """Carries a message."""

    @property
    def message(self) -> Message:
        """The message the event was read from."""
        ...


EventT = TypeVar("EventT", bound=Event)


@dataclass(slots=True)
class OrderedAcks:
    """Keeps the unacknowledged events, by topic and partition, and in the order taken.

    Kafka keeps one position per partition: committing past an unfinished event loses it when the process dies
    (faust-streaming #606). Faust holds only weak references, so holding the events here also keeps them alive.
    """

    _generation: int | None = None
    _in_hand: dict[tuple[str, int], OrderedDict[int, tuple[Event, bool]]] = field(default_factory=dict)

    def add(self, event: EventT) -> None:
        """Add an *event* whose work begins. The first of a new generation drops all older ones."""
        if event.message.generation_id != self._generation:
            self.forget()
            self._generation = event.message.generation_id
        self._in_hand.setdefault(_place(event), OrderedDict())[event.message.offset] = (event, False)

    def finish(self, event: EventT) -> list[EventT]:
        """Mark *event* as finished; return the events that may now be acknowledged, in order.

        Returns none for an event that was dropped: its partition was assigned again, and Kafka delivers it again.
        """
        partition = self._in_hand.get(_place(event), OrderedDict())
        if partition.get(event.message.offset) != (event, False):
            return []
        partition[event.message.offset] = (event, True)
        ready: list[EventT] = []
        while partition and next(iter(partition.values()))[1]:
            _, (first, _) = partition.popitem(last=False)
            ready.append(first)  # type: ignore[arg-type] # the events that were added
        return ready

    def forget(self) -> None:
        """Drop every event; none of them will be acknowledged."""
        self._in_hand.clear()


def _place(event: Event) -> tuple[str, int]:
    return event.message.topic, event.message.partition
