"""The verdict: whatever must not be is seen, and named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.chaos.database import JobRow
from tests.chaos.history import Accepted, History
from tests.chaos.judging import Notified, judge
from tests.chaos.verdict import Verdict

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
JOB = "0199f3a0-5f3c-7c51-9e0a-1cecbe000001"
ORIGINAL = "0199f3a0-5f3c-7c51-9e0a-1cecbe000009"
ENDED = JobRow(JOB, ORIGINAL, "completed", None, None, NOON, NOON + timedelta(seconds=3), "[]", endings=1)
FAILED = replace(ENDED, state="failed", code="image_damaged", reason="Broken.")
CANCELLED = replace(ENDED, state="cancelled")
TOLD = Notified(JOB, "completed", "ce-1")


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Return the history of a run in which one job was accepted, for a sound image."""
    history = History(tmp_path / "history.jsonl")
    history.orders = 2
    history.accept(Accepted(JOB, image_is_sound=True, at=NOON.timestamp()))
    return history


def verdict_on(history: History, row: JobRow | None, *told: Notified) -> Verdict:
    """Return the verdict where the database has *row* and the topic what was *told*."""
    return judge(1, history, [row] if row else [], told, put_aside=0)


def test_a_job_that_ended_well_is_no_problem(history: History) -> None:
    """One ending, one notification that says the same."""
    verdict = verdict_on(history, ENDED, TOLD)

    assert verdict.problems == {}
    assert (verdict.accepted, verdict.completed, verdict.notified, verdict.longest_wait_seconds) == (1, 1, 1, 3)


@pytest.mark.parametrize(
    ("row", "told", "problem"),
    [
        (None, [], "lost"),
        (replace(ENDED, state="pending", ended_at=None, endings=0), [], "lost"),
        (replace(ENDED, endings=2), [TOLD], "ended twice"),
        (ENDED, [TOLD, replace(TOLD, ce_id="ce-2")], "notified twice with another ce_id"),
        (ENDED, [TOLD, replace(TOLD, status="failed")], "notified twice with another ce_id"),
        (ENDED, [], "notifications missing"),
        (ENDED, [replace(TOLD, status="failed")], "notifications missing"),
        (FAILED, [replace(TOLD, status="failed")], "failed without a fault of their own"),
    ],
)
def test_each_breach_is_named(history: History, row: JobRow | None, told: list[Notified], problem: str) -> None:
    """Whatever breaks a promise makes the run fail."""
    verdict = verdict_on(history, row, *told)

    assert problem in verdict.problems
    assert f"{problem} " in verdict.table()


def test_a_job_whose_client_had_no_answer_must_end_too(history: History) -> None:
    """What is committed is accepted, whether the client has read it or not."""
    unheard = replace(ENDED, id="0199f3a0-5f3c-7c51-9e0a-1cecbe000002", state="processing", ended_at=None)

    verdict = judge(1, history, [ENDED, unheard], [TOLD], put_aside=0)

    assert verdict.problems == {"lost": [unheard.id]}
    assert verdict.unanswered == 1


def test_a_job_that_nobody_wanted_is_a_problem(history: History) -> None:
    """A client that asks again under its key must not get another job."""
    history.orders = 0

    verdict = verdict_on(history, ENDED, TOLD)

    assert verdict.problems == {"more jobs than keys": ["1 jobs for 0 keys"]}


@pytest.mark.parametrize(("emptied_after_seconds", "is_excused"), [(10, True), (1, False)])
def test_only_a_broker_that_lost_its_data_later_excuses_a_missing_notification(
    history: History, emptied_after_seconds: float, *, is_excused: bool
) -> None:
    """A job that ended after the broker was emptied must be notified all the same."""
    history.emptied.append(NOON.timestamp() + emptied_after_seconds)

    verdict = verdict_on(history, ENDED)

    assert bool(verdict.problems) is not is_excused
    assert bool(verdict.notifications_lost_with_the_broker) is is_excused


def test_a_failpoint_that_nobody_reached_is_a_problem(history: History) -> None:
    """A run in which it was armed for nothing proves nothing about it."""
    history.crashes.update({"event_sent_not_deleted": 0})

    verdict = verdict_on(history, ENDED, TOLD)

    assert verdict.problems == {"failpoints never hit": ["event_sent_not_deleted"]}


def test_an_event_of_a_stranger_that_was_not_put_aside_is_a_problem(history: History) -> None:
    """It would lie in the way, or have vanished."""
    history.oddities = 3

    verdict = judge(1, history, [ENDED], [TOLD], put_aside=2)

    assert verdict.problems == {"a stranger's events not put aside": ["1 of 3"]}


def test_a_cancelled_job_is_no_problem(history: History) -> None:
    """Its client asked for that, and was told so; or its original was deleted."""
    history.cancel(JOB, is_answered=False)
    history.cancel(JOB, is_answered=True)

    verdict = verdict_on(history, CANCELLED, replace(TOLD, status="cancelled"))

    assert verdict.problems == {}
    assert verdict.cancelled == 1


@pytest.mark.parametrize("row", [ENDED, FAILED])
def test_a_job_that_was_answered_as_cancelled_stays_so(history: History, row: JobRow) -> None:
    """No other end may be found later."""
    history.accept(Accepted(JOB, image_is_sound=False, at=NOON.timestamp()))
    history.cancel(JOB, is_answered=True)

    verdict = verdict_on(history, row, replace(TOLD, status=row.state))

    assert verdict.problems == {"cancelled wrongly": [f"{JOB}: answered as cancelled, and {row.state}"]}


@pytest.mark.parametrize(("deleted", "is_problem"), [(set(), True), ({ORIGINAL}, False)])
def test_nothing_cancels_a_job_by_itself(history: History, deleted: set[str], *, is_problem: bool) -> None:
    """Only its client does, and who deletes its original."""
    history.delete_tried |= deleted

    verdict = verdict_on(history, CANCELLED, replace(TOLD, status="cancelled"))

    assert ("cancelled wrongly" in verdict.problems) is is_problem


def test_a_job_may_lose_its_original_to_a_deletion_only(history: History) -> None:
    """Without one, a missing original is a fault of ours."""
    missing, told = replace(FAILED, code="original_missing"), replace(TOLD, status="failed")

    before = verdict_on(history, missing, told)
    history.delete(ORIGINAL, is_answered=False)

    assert "failed without a fault of their own" in before.problems
    assert verdict_on(history, missing, told).problems == {}
