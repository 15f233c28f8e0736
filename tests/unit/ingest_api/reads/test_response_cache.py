"""Answers kept ready to be sent."""

import pytest
from starlette.responses import Response

from ingest_api.reads.response_cache import ResponseCache


def test_an_answer_is_found_by_what_was_asked_for() -> None:
    """What was kept is given again, and nothing else."""
    kept = ResponseCache(100_000)
    answer = kept.put("one", Response(b"first"))

    again, other = kept.get("one"), kept.get("two")

    assert again is answer
    assert other is None


def test_the_room_is_never_exceeded() -> None:
    """What was asked for least lately makes room."""
    kept = ResponseCache(100_000)

    for number in range(100):
        kept.put(str(number), Response(bytes(4_000)))
        kept.get("0")

    assert kept.get("0") is not None
    assert kept.get("1") is None
    assert sum(kept.get(str(number)) is not None for number in range(100)) == 100_000 // 5_000


@pytest.mark.parametrize(("size", "is_kept"), [(5_000, True), (50_000, False), (200_000, False)])
def test_no_answer_takes_all_the_room(size: int, *, is_kept: bool) -> None:
    """A large answer is given, and not kept in place of many small ones."""
    kept = ResponseCache(100_000)
    answer = Response(bytes(size))

    given = kept.put("large", answer)

    assert given is answer
    assert (kept.get("large") is answer) == is_kept
