"""Which finished events may be acknowledged."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from processor.stream.acknowledgements import OrderedAcks


@dataclass(frozen=True)
class AMessage:
    """A message at its place."""

    offset: int
    partition: int = 0
    topic: str = "icecube.jobs"
    generation_id: int | None = 1


@dataclass(frozen=True)
class AnEvent:
    """An event that carries it."""

    message: AMessage = field(default_factory=lambda: AMessage(0))


def an_event(offset: int, **changes: Any) -> AnEvent:
    """Return an event at *offset*."""
    return AnEvent(AMessage(offset, **changes))


@given(st.data())
def test_only_the_finished_prefix_is_acknowledged(data: st.DataObject) -> None:
    """In whatever order events finish, an offset is acknowledged only when every one before it has finished."""
    offsets = data.draw(st.lists(st.integers(0, 1000), unique=True, min_size=1).map(sorted))
    order = data.draw(st.permutations(offsets))
    acks, finished, acknowledged = OrderedAcks(), set(), []
    for offset in offsets:
        acks.add(an_event(offset))

    for offset in order:
        finished.add(offset)
        acknowledged += [event.message.offset for event in acks.finish(an_event(offset))]

        assert acknowledged == [o for i, o in enumerate(offsets) if finished.issuperset(offsets[: i + 1])]


def test_topics_do_not_wait_for_each_other() -> None:
    """The same offset of the same partition of two topics are two places."""
    acks = OrderedAcks()
    bulk = [an_event(offset, topic="icecube.jobs.bulk") for offset in (0, 1)]
    interactive = [an_event(offset) for offset in (0, 1)]
    for event in (bulk[0], interactive[0], bulk[1], interactive[1]):
        acks.add(event)

    assert acks.finish(interactive[1]) == []
    assert acks.finish(interactive[0]) == interactive
    assert acks.finish(bulk[1]) == []
    assert acks.finish(bulk[0]) == bulk


def test_partitions_do_not_wait_for_each_other() -> None:
    """An unfinished event holds back its own partition only."""
    acks = OrderedAcks()
    slow, quick = an_event(0, partition=0), an_event(0, partition=1)
    acks.add(slow)
    acks.add(quick)

    assert acks.finish(quick) == [quick]


def test_a_new_generation_forgets_the_old_one() -> None:
    """After a rebalance, work begun before it acknowledges nothing: its events are delivered anew."""
    acks = OrderedAcks()
    old, new = an_event(5), an_event(5, generation_id=2)
    acks.add(old)
    acks.add(new)

    assert acks.finish(old) == []
    assert acks.finish(new) == [new]


def test_an_event_is_acknowledged_once() -> None:
    """Finishing again gives nothing to acknowledge."""
    acks = OrderedAcks()
    event = an_event(0)
    acks.add(event)

    assert acks.finish(event) == [event]
    assert acks.finish(event) == []


def test_forgotten_events_are_never_acknowledged() -> None:
    """What is given up at a shutdown is delivered to somebody else."""
    acks = OrderedAcks()
    event = an_event(0)
    acks.add(event)

    acks.forget()

    assert acks.finish(event) == []
