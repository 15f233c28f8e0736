"""What became of every job: the checks, and the table they are printed as."""

import io
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import httpx
from PIL import Image, UnidentifiedImageError

from tests.chaos.database import JobRow
from tests.chaos.history import History

ENDED = frozenset({"completed", "failed"})
GIVEN_UP = frozenset({"processor_lost", "worker_crashed", "time_limit"})
"""Codes of a job whose processes were killed again and again; with faults aimed at it that may be its fate."""


@dataclass(frozen=True, slots=True)
class Notified:
    """A notification as read: of which job, saying what, under which id."""

    job_id: str
    status: str
    ce_id: str


@dataclass
class Verdict:
    """The figures of a run. `problems` must be empty; the rest is for the table."""

    seed: int
    faults: Counter[str]
    crashes_missed: list[str]
    accepted: int = 0
    unanswered: int = 0
    completed: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    ended_twice: list[str] = field(default_factory=list)
    notified: int = 0
    notified_twice: list[str] = field(default_factory=list)
    not_notified: list[str] = field(default_factory=list)
    notifications_lost_with_the_broker: list[str] = field(default_factory=list)
    failed_wrongly: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    wrong_answers: list[str] = field(default_factory=list)
    made_twice: list[str] = field(default_factory=list)
    oddities: int = 0
    put_aside: int = 0
    not_put_aside: list[str] = field(default_factory=list)
    longest_wait_seconds: float = 0
    median_wait_seconds: float = 0

    @property
    def problems(self) -> dict[str, list[str]]:
        """Return what must not be, by its name."""
        found = {
            "lost": self.lost,
            "ended twice": self.ended_twice,
            "notified twice with another ce_id": self.notified_twice,
            "notifications missing": self.not_notified,
            "failed without a fault of their own": self.failed_wrongly,
            "unreadable variants": self.unreadable,
            "wrong answers": self.wrong_answers,
            "more jobs than keys": self.made_twice,
            "a stranger's events not put aside": self.not_put_aside,
            "crash points never hit": self.crashes_missed,
        }
        return {name: cases for name, cases in found.items() if cases}

    def table(self) -> str:
        """Return the figures, one a line."""
        rows: list[tuple[str, object]] = [
            ("seed", self.seed),
            ("faults", sum(self.faults.values())),
            *((f"  {kind}", count) for kind, count in sorted(self.faults.items())),
            ("crash points never hit", ", ".join(self.crashes_missed) or 0),
            ("jobs accepted", self.accepted),
            ("  committed, but the client had no answer", self.unanswered),
            ("ended", self.completed + sum(self.failed.values())),
            ("  completed", self.completed),
            *((f"  failed: {code}", count) for code, count in sorted(self.failed.items())),
            ("failed without a fault of their own", len(self.failed_wrongly)),
            ("lost", len(self.lost)),
            ("ended twice", len(self.ended_twice)),
            ("notified", self.notified),
            ("notified twice with another ce_id", len(self.notified_twice)),
            ("notifications missing", len(self.not_notified)),
            ("notifications lost with the broker's data", len(self.notifications_lost_with_the_broker)),
            ("unreadable variants", len(self.unreadable)),
            ("wrong answers", len(self.wrong_answers)),
            ("more jobs than keys", len(self.made_twice)),
            ("a stranger's events", self.oddities),
            ("  put aside", self.put_aside),
            ("median wait, seconds", round(self.median_wait_seconds, 1)),
            ("longest wait, seconds", round(self.longest_wait_seconds, 1)),
        ]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


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
    verdict.unanswered = len(rows.keys() - history.accepted.keys())
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
    accepted = history.accepted.get(row.id)
    if row.state == "completed":
        verdict.completed += 1
        return
    verdict.failed[row.code or "?"] += 1
    if accepted and accepted.image_is_sound and row.code not in GIVEN_UP:
        verdict.failed_wrongly.append(f"{row.id}: {row.code}: {row.reason}")


def _look_for_notification(verdict: Verdict, row: JobRow, found: set[Notified], history: History) -> None:
    if any(notification.status == row.state for notification in found):
        return
    ended = row.ended_at.timestamp() if row.ended_at else 0
    if not found and any(ended < emptied for emptied in history.emptied):
        verdict.notifications_lost_with_the_broker.append(row.id)
    else:
        verdict.not_notified.append(row.id)


async def unreadable_variants(urls: Sequence[str], jobs: Sequence[JobRow]) -> list[str]:
    """Return the variants of completed jobs that cannot be downloaded and decoded."""
    made = [task["variantId"] for row in jobs if row.state == "completed" for task in json.loads(row.tasks)]
    async with httpx.AsyncClient(base_url=urls[0], timeout=30) as http:
        complaints = [await _complaint(http, variant_id) for variant_id in made]
    return [complaint for complaint in complaints if complaint]


async def _complaint(http: httpx.AsyncClient, variant_id: str) -> str | None:
    answer = await http.get(f"/image/{variant_id}")
    if answer.status_code != httpx.codes.OK:
        return f"{variant_id} is answered {answer.status_code}"
    try:
        Image.open(io.BytesIO(answer.content)).load()
    except (UnidentifiedImageError, OSError) as exc:
        return f"{variant_id} cannot be decoded: {exc}"
    return None
