"""What became of every job, by what the database and the topics say."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tests.chaos.database import JobRow
from tests.chaos.history import History
from tests.chaos.verdict import Verdict

ENDED = frozenset({"completed", "failed", "cancelled"})
GIVEN_UP = frozenset({"processor_lost", "worker_crashed", "time_limit"})
"""Codes of a job whose processes were killed again and again; with faults aimed at it that may be its fate."""


@dataclass(frozen=True, slots=True)
class Notified:
    """A notification as read: of which job, saying what, under which id."""

    job_id: str
    status: str
    ce_id: str


def judge(
    seed: int, history: History, jobs: Sequence[JobRow], notified: Collection[Notified], *, put_aside: int
) -> Verdict:
    """Return the verdict on what the database and the topic say; variants are looked at by `unreadable_variants`.

    A job that ended before a broker lost its data may have lost its notification with it: Kafka had taken it.
    """
    verdict = Verdict(
        seed,
        Counter(fault.kind for fault in history.faults),
        crashes_missed=_missed(history),
        accepted=len(history.accepted),
    )
    rows = {row.id: row for row in jobs}
    by_job: dict[str, set[Notified]] = defaultdict(set)
    for notification in notified:
        by_job[notification.job_id].add(notification)
    verdict.unanswered = sum(
        id_ not in history.accepted and row.batch_id not in history.batches for id_, row in rows.items()
    )
    verdict.lost = [job_id for job_id in history.accepted.keys() | rows.keys() if _is_lost(rows.get(job_id))]
    verdict.ended_twice = [row.id for row in jobs if row.endings > 1]
    verdict.notified = len(by_job)
    verdict.notified_twice = [job_id for job_id, all_of_it in by_job.items() if len(all_of_it) > 1]
    verdict.wrong_answers = list(history.wrong)
    if len(jobs) > history.orders:
        verdict.made_twice = [f"{len(jobs)} jobs for {history.orders} keys"]
    verdict.oddities, verdict.put_aside = history.oddities, put_aside
    if put_aside < history.oddities and not history.emptied:
        verdict.not_put_aside = [f"{history.oddities - put_aside} of {history.oddities}"]
    waits = []
    for row in (row for row in jobs if row.ended_at):
        waits.append((row.ended_at - row.created_at).total_seconds() if row.ended_at else 0)
        _count(verdict, row, history)
        _look_for_notification(verdict, row, by_job[row.id], history)
    verdict.longest_wait_seconds = max(waits, default=0)
    verdict.median_wait_seconds = sorted(waits)[len(waits) // 2] if waits else 0
    return verdict


def _missed(history: History) -> list[str]:
    return sorted(point for point, hits in history.crashes.items() if not hits)


def _is_lost(row: JobRow | None) -> bool:
    return row is None or row.state not in ENDED


def _count(verdict: Verdict, row: JobRow, history: History) -> None:
    if row.state == "completed":
        verdict.completed += 1
        if row.id in history.cancelled:
            verdict.cancelled_wrongly.append(f"{row.id}: answered as cancelled, and completed")
        return
    if row.state == "cancelled":
        verdict.cancelled += 1
        if not _may_be_cancelled(row, history):
            verdict.cancelled_wrongly.append(f"{row.id}: nobody asked for that")
        return
    if row.id in history.cancelled:
        verdict.cancelled_wrongly.append(f"{row.id}: answered as cancelled, and {row.state}")
    verdict.failed[row.code or "?"] += 1
    if _is_sound(row, history) and not _may_fail(row, history):
        verdict.failed_wrongly.append(f"{row.id}: {row.code}: {row.reason}")


def _may_be_cancelled(row: JobRow, history: History) -> bool:
    is_of_cancelled_batch = row.batch_id in history.batch_cancel_tried
    return row.id in history.cancel_tried or row.original_id in history.delete_tried or is_of_cancelled_batch


def _is_sound(row: JobRow, history: History) -> bool:
    """Say whether the job's picture is known to be sound; a batch has no others."""
    accepted = history.accepted.get(row.id)
    return accepted.image_is_sound if accepted else row.batch_id is not None


def _may_fail(row: JobRow, history: History) -> bool:
    is_without_original = row.code == "original_missing" and row.original_id in history.delete_tried
    return row.code in GIVEN_UP or is_without_original


def _look_for_notification(verdict: Verdict, row: JobRow, found: set[Notified], history: History) -> None:
    if any(notification.status == row.state for notification in found):
        return
    ended = row.ended_at.timestamp() if row.ended_at else 0
    if not found and any(ended < emptied for emptied in history.emptied):
        verdict.notifications_lost_with_the_broker.append(row.id)
    else:
        verdict.not_notified.append(row.id)
