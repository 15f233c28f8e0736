"""The verdict on deletions and on the events topic: whatever must not be is seen, and named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.chaos.database import ImageRow, JobRow
from tests.chaos.events import CANCELLED, DELETED, Event, judge_deletions, judge_events, read_event
from tests.chaos.history import History
from tests.chaos.judging import judge
from tests.chaos.notifications import ReadRecord

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
JOB = "0199f3a0-5f3c-7c51-9e0a-1cecbe000001"
ORIGINAL = "0199f3a0-5f3c-7c51-9e0a-1cecbe000009"
VARIANT = "0199f3a0-5f3c-7c51-9e0a-1cecbe000010"
ENDED = JobRow(JOB, ORIGINAL, "cancelled", None, None, NOON, NOON, "[]", endings=1)
DELETED_ROW = ImageRow(ORIGINAL, None, NOON)
VARIANT_ROW = ImageRow(VARIANT, ORIGINAL, NOON)
TOLD_OF_JOB = Event(CANCELLED, JOB, "ce-1")
TOLD_OF_ORIGINAL = Event(DELETED, ORIGINAL, "ce-2")
TOLD_OF_VARIANT = Event(DELETED, VARIANT, "ce-3")
ALL_TOLD = [TOLD_OF_JOB, TOLD_OF_ORIGINAL, TOLD_OF_VARIANT]


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Return the history of a run in which an original was deleted."""
    history = History(tmp_path / "history.jsonl")
    history.delete(ORIGINAL, is_answered=False)
    history.delete(ORIGINAL, is_answered=True)
    return history


def problems(history: History, *, images: list[ImageRow], told: list[Event]) -> dict[str, list[str]]:
    """Return the problems where the database has a cancelled job and *images*, and the events topic what was *told*."""
    verdict = judge(1, history, [], [], put_aside=0)
    judge_deletions(verdict, history, images)
    judge_events(verdict, history, [ENDED], images, told)
    assert verdict.deleted == 1
    assert all(f"{name} " in verdict.table() for name in verdict.problems)
    return verdict.problems


def test_a_deletion_that_was_announced_is_no_problem(history: History) -> None:
    """The original and its variant have their events, the cancelled job has its own; Kafka may have some twice."""
    assert problems(history, images=[DELETED_ROW, VARIANT_ROW], told=[*ALL_TOLD, TOLD_OF_JOB]) == {}


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ([TOLD_OF_JOB, TOLD_OF_ORIGINAL], {"events missing": [f"{DELETED} of {VARIANT}"]}),
        ([TOLD_OF_ORIGINAL, TOLD_OF_VARIANT], {"events missing": [f"{CANCELLED} of {JOB}"]}),
        (
            [*ALL_TOLD, replace(TOLD_OF_ORIGINAL, ce_id="ce-4")],
            {"events twice with another ce_id": [f"{DELETED} of {ORIGINAL}"]},
        ),
        (
            [*ALL_TOLD, replace(TOLD_OF_ORIGINAL, body='{"by": "another"}')],
            {"events twice with another ce_id": [f"{DELETED} of {ORIGINAL}"]},
        ),
        ([*ALL_TOLD, Event(DELETED, JOB, "ce-5")], {"events of nothing": [f"{DELETED} of {JOB}"]}),
    ],
)
def test_each_breach_of_the_events_is_named(history: History, told: list[Event], found: dict[str, list[str]]) -> None:
    """One event for each end and each deleted image, always the same one, and none of what did not happen."""
    assert problems(history, images=[DELETED_ROW, VARIANT_ROW], told=told) == found


@pytest.mark.parametrize(("emptied_after_seconds", "is_excused"), [(10, True), (-1, False)])
def test_only_a_broker_that_lost_its_data_later_excuses_a_missing_event(
    history: History, emptied_after_seconds: float, *, is_excused: bool
) -> None:
    """What was deleted after the broker was emptied must be announced all the same."""
    history.emptied.append((NOON + timedelta(seconds=emptied_after_seconds)).timestamp())

    found = problems(history, images=[DELETED_ROW], told=[TOLD_OF_JOB])

    assert found == ({} if is_excused else {"events missing": [f"{DELETED} of {ORIGINAL}"]})


def test_a_deletion_that_was_answered_is_kept(history: History) -> None:
    """The original is deleted, and with it all that was made from it."""
    images = [replace(DELETED_ROW, deleted_at=None), replace(VARIANT_ROW, deleted_at=None)]

    found = problems(history, images=images, told=[TOLD_OF_JOB])

    assert found == {"deletions lost": [ORIGINAL, f"{VARIANT}, made from a deleted original"]}


def test_nothing_is_deleted_that_nobody_wanted_deleted(history: History) -> None:
    """Neither another original nor what was made from it."""
    other = "0199f3a0-5f3c-7c51-9e0a-1cecbe000011"
    images = [DELETED_ROW, ImageRow(other, None, NOON), replace(VARIANT_ROW, original_id=other)]

    found = problems(history, images=images, told=[*ALL_TOLD, Event(DELETED, other, "ce-6")])

    assert found == {"deleted wrongly": [other, VARIANT]}


def test_a_variant_may_be_deleted_alone(history: History) -> None:
    """Its original stays, and with it the others that were made from it."""
    history.delete(VARIANT, is_answered=False)
    history.delete_tried.discard(ORIGINAL)
    history.deleted.clear()
    history.delete(VARIANT, is_answered=True)
    images = [replace(DELETED_ROW, deleted_at=None), VARIANT_ROW, replace(VARIANT_ROW, id=JOB, deleted_at=None)]

    assert problems(history, images=images, told=[TOLD_OF_JOB, TOLD_OF_VARIANT]) == {}


def test_an_event_is_read_as_it_was_sent() -> None:
    """The type, the subject and the id are in its headers; the order of its members means nothing."""
    headers = [("ce_type", DELETED.encode()), ("ce_subject", ORIGINAL.encode()), ("ce_id", b"ce-2")]
    record = ReadRecord("icecube.events", 0, 0, ORIGINAL.encode(), b'{"owner": "shop", "by": "key"}', headers)

    event = read_event(record)

    assert event == Event(DELETED, ORIGINAL, "ce-2", '{"by": "key", "owner": "shop"}')
