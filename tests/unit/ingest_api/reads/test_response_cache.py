"""Answers kept ready to be sent."""

import pytest
from starlette.responses import Response

from ingest_api.reads.response_cache import ResponseCache


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        """Return the time that was set."""
        return self.time


def test_an_answer_is_found_by_what_was_asked_for() -> None:
    """What was kept is given again, and nothing else."""
    kept = ResponseCache(100_000, seconds=10, clock=Clock())
    answer = kept.put("one", Response(b"first"), since=0)

    again, other = kept.get("one"), kept.get("two")

    assert again is answer
    assert other is None


def test_the_room_is_never_exceeded() -> None:
    """What was asked for least lately makes room."""
    kept = ResponseCache(100_000, seconds=10, clock=Clock())

    for number in range(100):
        kept.put(str(number), Response(bytes(4_000)), since=0)
        kept.get("0")

    assert kept.get("0") is not None
    assert kept.get("1") is None
    assert sum(kept.get(str(number)) is not None for number in range(100)) == 100_000 // 5_000


@pytest.mark.parametrize(("size", "is_kept"), [(5_000, True), (50_000, False), (200_000, False)])
def test_no_answer_takes_all_the_room(size: int, *, is_kept: bool) -> None:
    """A large answer is given, and not kept in place of many small ones."""
    kept = ResponseCache(100_000, seconds=10, clock=Clock())
    answer = Response(bytes(size))

    given = kept.put("large", answer, since=0)

    assert given is answer
    assert (kept.get("large") is answer) == is_kept


def test_an_answer_is_as_old_as_the_row_it_was_made_of() -> None:
    """Ten seconds after its row was read, and not after it was kept, an answer is made anew."""
    clock = Clock()
    kept = ResponseCache(100_000, seconds=10, clock=clock)
    since = kept.now()
    clock.time = 4.0  # the database was slow
    answer = kept.put("one", Response(b"first"), since=since)

    clock.time = 9.9
    before = kept.get("one")
    clock.time = 10.0
    after = kept.get("one")

    assert before is answer
    assert after is None


def test_an_answer_that_is_too_old_already_is_not_kept() -> None:
    """A row that took longer to come than an answer may live is given once."""
    clock = Clock()
    kept = ResponseCache(100_000, seconds=10, clock=clock)
    clock.time = 11.0

    kept.put("one", Response(b"first"), since=0)

    assert kept.get("one") is None


def test_asking_makes_no_answer_younger() -> None:
    """What is asked for all the time is made anew as often as everything else."""
    clock = Clock()
    kept = ResponseCache(100_000, seconds=10, clock=clock)
    kept.put("one", Response(b"first"), since=0)

    for second in range(10):
        clock.time = float(second)
        assert kept.get("one") is not None
    clock.time = 10.0

    assert kept.get("one") is None
