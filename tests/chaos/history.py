"""What happened in a run, written down as it happens: what clients were told, and what was done to the system."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.database import JobRow


@dataclass(frozen=True, slots=True)
class Accepted:
    """A job for which a client has read a 201, and how it must end."""

    job_id: str
    image_is_sound: bool
    at: float


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that was injected; times are seconds since 1970."""

    kind: str
    began: float
    ended: float


@dataclass
class History:
    """The harness's own log, in memory and, line by line, in *file*."""

    file: Path
    accepted: dict[str, Accepted] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    emptied: list[float] = field(default_factory=list)
    crashes: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    """Jobs that clients wanted, each under a key of its own, whether or not they were answered."""
    cancel_tried: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    """Jobs whose cancellation was answered 200."""
    delete_tried: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    """Originals and variants whose deletion was answered 204."""
    batches: dict[str, int] = field(default_factory=dict)
    """Batches for which a client has read a 201, with their numbers of jobs."""
    batch_cancel_tried: set[str] = field(default_factory=set)
    oddities: int = 0
    """Records that a stranger has put on our topics."""

    def accept(self, job: Accepted) -> None:
        """Note a job; on file before this returns."""
        self.accepted[job.job_id] = job
        self._write("accepted", asdict(job))

    def cancel(self, job_id: str, *, is_answered: bool) -> None:
        """Note that a job's cancellation is tried, or was answered 200."""
        (self.cancelled if is_answered else self.cancel_tried).add(job_id)
        self._write("cancel", {"job_id": job_id, "answered": is_answered})

    def delete(self, image_id: str, *, is_answered: bool) -> None:
        """Note that an image's deletion is tried, or was answered 204."""
        (self.deleted if is_answered else self.delete_tried).add(image_id)
        self._write("delete", {"image_id": image_id, "answered": is_answered})

    def accept_batch(self, batch_id: str, total: int) -> None:
        """Note a batch of *total* jobs; on file before this returns."""
        self.batches[batch_id] = total
        self._write("batch", {"batch_id": batch_id, "total": total})

    def cancel_batch(self, batch_id: str) -> None:
        """Note that a batch's cancellation is tried."""
        self.batch_cancel_tried.add(batch_id)
        self._write("cancel batch", {"batch_id": batch_id})

    def fault(self, fault: Fault) -> None:
        """Note a fault that is over."""
        self.faults.append(fault)
        self._write("fault", asdict(fault))

    def empty(self) -> None:
        """Note that the broker has just lost everything."""
        self.emptied.append(time.time())
        self._write("emptied", {})

    def complain(self, what: str) -> None:
        """Note an answer that breaks a promise."""
        self.wrong.append(what)
        self._write("wrong", {"what": what})

    def write_jobs(self, jobs: Sequence[JobRow]) -> None:
        """Keep what became of every job, for whoever looks into a run."""
        for job in jobs:
            ended = job.ended_at.timestamp() if job.ended_at else None
            self._write(
                "job",
                {"id": job.id, "state": job.state, "code": job.code, "from": job.created_at.timestamp(), "to": ended},
            )

    def _write(self, event: str, members: dict[str, Any]) -> None:
        with self.file.open("a") as out:
            out.write(json.dumps({"event": event, "at": time.time(), **members}) + "\n")
