"""Reads the backlog in the background, so that no request waits for it."""

import asyncio

from common import metrics
from ingest_api.domain.job import JobState
from ingest_api.job_store import Backlog, JobStore

_EVERY_SECONDS = 5.0


class BacklogWatch:
    """Keeps the newest `Backlog`, at most `_EVERY_SECONDS` old unless the database is away."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._latest = Backlog()

    @property
    def latest(self) -> Backlog:
        """The last backlog read; empty before the first."""
        return self._latest

    async def run(self) -> None:
        """Poll until cancelled; raise `JobStoreUnavailableError` when the database is away."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_SECONDS)

    async def look(self) -> None:
        """Read the backlog once."""
        self._latest = await self._jobs.backlog()
        _show(self._latest)


def _show(backlog: Backlog) -> None:
    metrics.OUTBOX_DEPTH.set(backlog.outbox_depth)
    metrics.OUTBOX_AGE_SECONDS.set(backlog.outbox_age_seconds)
    metrics.OLDEST_UNFINISHED_SECONDS.set(backlog.oldest_unfinished_seconds)
    metrics.UNFINISHED_JOBS.labels(JobState.PENDING).set(backlog.pending)
    metrics.UNFINISHED_JOBS.labels(JobState.PROCESSING).set(backlog.processing)
