"""How slow a client may be."""

import pytest

from ingest_api.web.protocol.deadlines import BodyPace, FlushDeadline


@pytest.mark.parametrize(("received", "is_slow"), [(10_239, True), (10_240, False)])
def test_a_pace_is_taken_over_ten_seconds(received: int, *, is_slow: bool) -> None:
    """Within a window nothing is said; at its end, less than the least pace is too slow."""
    pace = BodyPace(1024)

    pace.begin(100.0)
    pace.add(received)

    assert not pace.is_too_slow(109.9)
    assert pace.is_too_slow(110.0) == is_slow


def test_a_fast_start_wins_no_time() -> None:
    """What came in a window does not count for the next one."""
    pace = BodyPace(1024)

    pace.begin(100.0)
    pace.add(10**9)

    assert not pace.is_too_slow(110.0)
    assert pace.is_too_slow(120.0)


def test_no_pace_is_asked_for_with_zero() -> None:
    """0 lets every client take its time."""
    pace = BodyPace(0)
    pace.begin(0.0)

    assert not pace.is_too_slow(1e9)


def test_an_answer_must_leave_within_a_minute_and_the_time_of_the_least_pace() -> None:
    """A client that takes nothing is given up; taking something gives it its time anew, and so does the next answer."""
    flush = FlushDeadline(1024)

    assert not flush.has_passed(10_240, 100.0)
    assert not flush.has_passed(10_240, 170.0)
    assert flush.has_passed(10_240, 170.1)
    flush.renew()
    assert not flush.has_passed(10_240, 180.0)
    assert flush.has_passed(10_240, 250.1)
    assert not flush.has_passed(0, 260.0)
    assert not flush.has_passed(10_240, 330.0)
