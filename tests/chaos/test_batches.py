"""The verdict on batches: each ends once, with its last job, and is counted as its rows say."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.chaos.database import BatchRow, JobRow
from tests.chaos.events import COMPLETED, Event, judge_events
from tests.chaos.history import History
from tests.chaos.judging import Notified, judge
from tests.chaos.judging_batches import judge_batches

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
BATCH = "0199f3a0-5f3c-7c51-9e0a-1cecbe000020"
ORIGINAL = "0199f3a0-5f3c-7c51-9e0a-1cecbe000009"
ROW = BatchRow(BATCH, total=2, unfinished=0, ended_at=NOON, endings=1)
FIRST = JobRow("1", ORIGINAL, "completed", None, None, NOON, NOON, "[]", endings=1, batch_id=BATCH)
JOBS = [FIRST, replace(FIRST, id="2")]
TOLD = Event(COMPLETED, BATCH, "ce-1", '{"counts": {"completed": 2, "failed": 0}}')


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Return the history of a run in which a batch of two jobs was accepted."""
    history = History(tmp_path / "history.jsonl")
    history.accept_batch(BATCH, 2)
    history.orders = 2
    return history


def problems(history: History, jobs: list[JobRow], rows: list[BatchRow], told: list[Event]) -> dict[str, list[str]]:
    """Return the problems where the database has *jobs* and the batches *rows*, and Kafka what was *told*."""
    notified = [Notified(job.id, job.state, "ce-2") for job in jobs]
    verdict = judge(1, history, jobs, notified, put_aside=0)
    judge_batches(verdict, history, jobs, rows, told)
    judge_events(verdict, history, rows, [], told)
    assert (verdict.batches, verdict.unanswered) == (1, 0)
    assert all(f"{name} " in verdict.table() for name in verdict.problems)
    return verdict.problems


def test_a_batch_that_ended_with_its_jobs_is_no_problem(history: History) -> None:
    """It is announced; Kafka may have the same event twice."""
    assert problems(history, JOBS, [ROW], [TOLD, TOLD]) == {}


@pytest.mark.parametrize(
    ("row", "told", "found"),
    [
        (None, [], {"batches lost": [f"{BATCH}: no row"]}),
        (
            replace(ROW, unfinished=1, ended_at=None, endings=0),
            [],
            {"batches lost": [f"{BATCH}: 1 of 2 jobs unfinished"]},
        ),
        (replace(ROW, endings=2), [TOLD], {"batches ended twice": [BATCH]}),
        (ROW, [], {"events missing": [f"{COMPLETED} of {BATCH}"]}),
        (
            ROW,
            [TOLD, replace(TOLD, ce_id="ce-3")],
            {"events twice with another ce_id": [f"{COMPLETED} of {BATCH}"]},
        ),
    ],
)
def test_each_breach_is_named(
    history: History, row: BatchRow | None, told: list[Event], found: dict[str, list[str]]
) -> None:
    """Whatever breaks a promise makes the run fail."""
    assert problems(history, JOBS, [row] if row else [], told) == found


def test_a_batch_has_all_its_jobs(history: History) -> None:
    """A batch is accepted with all of them, or with none."""
    told = replace(TOLD, body='{"counts": {"completed": 1}}')

    assert problems(history, JOBS[:1], [ROW], [told]) == {"batches lost": [f"{BATCH}: has 1 jobs"]}


def test_an_event_counts_what_the_rows_say(history: History) -> None:
    """Each state as often as there are jobs in it."""
    told = replace(TOLD, body='{"counts": {"completed": 1, "failed": 1}}')

    (found,) = problems(history, JOBS, [ROW], [told])["batches counted wrongly"]

    assert found.startswith(f'{BATCH}: {{"counts": {{"completed": 1, "failed": 1}}}}')


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_who_cancels_a_batch_cancels_its_jobs(history: History, *, is_cancelled: bool) -> None:
    """Nothing else does."""
    if is_cancelled:
        history.cancel_batch(BATCH)
    told = replace(TOLD, body='{"counts": {"completed": 1, "cancelled": 1}}')

    found = problems(history, [FIRST, replace(FIRST, id="2", state="cancelled")], [ROW], [told])

    assert found == ({} if is_cancelled else {"cancelled wrongly": ["2: nobody asked for that"]})


def test_no_job_of_a_batch_fails(history: History) -> None:
    """Its client sends sound pictures only."""
    told = replace(TOLD, body='{"counts": {"completed": 1, "failed": 1}}')
    failed = replace(FIRST, id="2", state="failed", code="image_damaged", reason="Broken.")

    found = problems(history, [FIRST, failed], [ROW], [told])

    assert found == {"failed without a fault of their own": ["2: image_damaged: Broken."]}
