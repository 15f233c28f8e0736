"""The figures of a run: what must be zero, and the table."""

from collections import Counter
from dataclasses import dataclass, field


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
    cancelled: int = 0
    cancelled_wrongly: list[str] = field(default_factory=list)
    deleted: int = 0
    deleted_wrongly: list[str] = field(default_factory=list)
    deletions_lost: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    batches: int = 0
    batches_lost: list[str] = field(default_factory=list)
    batches_ended_twice: list[str] = field(default_factory=list)
    batches_miscounted: list[str] = field(default_factory=list)
    events: int = 0
    events_twice: list[str] = field(default_factory=list)
    events_missing: list[str] = field(default_factory=list)
    events_of_nothing: list[str] = field(default_factory=list)
    events_lost_with_the_broker: list[str] = field(default_factory=list)
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
            "cancelled wrongly": self.cancelled_wrongly,
            "deleted wrongly": self.deleted_wrongly,
            "deletions lost": self.deletions_lost,
            "left behind": self.left_behind,
            "batches lost": self.batches_lost,
            "batches ended twice": self.batches_ended_twice,
            "batches counted wrongly": self.batches_miscounted,
            "events twice with another ce_id": self.events_twice,
            "events missing": self.events_missing,
            "events of nothing": self.events_of_nothing,
            "lost": self.lost,
            "ended twice": self.ended_twice,
            "notified twice with another ce_id": self.notified_twice,
            "notifications missing": self.not_notified,
            "failed without a fault of their own": self.failed_wrongly,
            "unreadable variants": self.unreadable,
            "wrong answers": self.wrong_answers,
            "more jobs than keys": self.made_twice,
            "a stranger's events not put aside": self.not_put_aside,
            "failpoints never hit": self.crashes_missed,
        }
        return {name: cases for name, cases in found.items() if cases}

    def table(self) -> str:
        """Return the figures, one a line."""
        rows: list[tuple[str, object]] = [
            ("seed", self.seed),
            ("faults", sum(self.faults.values())),
            *((f"  {kind}", count) for kind, count in sorted(self.faults.items())),
            ("failpoints never hit", ", ".join(self.crashes_missed) or 0),
            ("jobs accepted", self.accepted),
            ("  committed, but the client had no answer", self.unanswered),
            ("ended", self.completed + self.cancelled + sum(self.failed.values())),
            ("  completed", self.completed),
            ("  cancelled", self.cancelled),
            *((f"  failed: {code}", count) for code, count in sorted(self.failed.items())),
            ("failed without a fault of their own", len(self.failed_wrongly)),
            ("cancelled wrongly", len(self.cancelled_wrongly)),
            ("images deleted on request", self.deleted),
            ("deleted wrongly", len(self.deleted_wrongly)),
            ("deletions lost", len(self.deletions_lost)),
            ("left behind", len(self.left_behind)),
            ("batches accepted", self.batches),
            ("batches lost", len(self.batches_lost)),
            ("batches ended twice", len(self.batches_ended_twice)),
            ("batches counted wrongly", len(self.batches_miscounted)),
            ("lost", len(self.lost)),
            ("ended twice", len(self.ended_twice)),
            ("notified", self.notified),
            ("notified twice with another ce_id", len(self.notified_twice)),
            ("notifications missing", len(self.not_notified)),
            ("notifications lost with the broker's data", len(self.notifications_lost_with_the_broker)),
            ("events of jobs, images and batches", self.events),
            ("events twice with another ce_id", len(self.events_twice)),
            ("events missing", len(self.events_missing)),
            ("events of nothing", len(self.events_of_nothing)),
            ("events lost with the broker's data", len(self.events_lost_with_the_broker)),
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
