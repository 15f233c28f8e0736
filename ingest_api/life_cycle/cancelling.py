"""Cancels jobs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ingest_api.domain.job import JobState
from ingest_api.job_store import JobRecord, JobStore
from ingest_api.life_cycle.ending import end_job
from ingest_api.life_cycle.job_metrics import count_end
from ingest_api.life_cycle.messages import Messages


class JobEndedError(Exception):
    """The job has ended: nothing is left to cancel."""

    def __init__(self, job_id: UUID, state: JobState | str) -> None:
        super().__init__(f"The job has ended: it is {state}.")
        self.job_id = job_id


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The use case of a job that nobody wants any more."""

    jobs: JobStore
    messages: Messages
    clock: Callable[[], datetime]
    wake_relay: Callable[[], None] = lambda: None

    async def cancel(self, job_id: UUID) -> JobRecord:
        """End the job, which exists, and return it; raise `JobEndedError` or `UnreadableJobError`.

        Of a cancellation and a result at the same time one wins, and the other sees its end. The cleaner then stops a
        processor that works on the job; variants that were reported by then are kept.
        """
        async with self.jobs.changing([job_id]) as changes:
            if job_id in changes.unreadable:
                raise changes.unreadable[job_id]
            record = changes.records[job_id]
            if record.job.has_ended:
                raise JobEndedError(job_id, record.job.state)
            at = self.clock()
            ended = end_job(changes, record, record.job.cancelled(at=at), at=at, messages=self.messages)
        self.wake_relay()
        count_end(ended)
        return ended
