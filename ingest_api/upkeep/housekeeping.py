"""Deletes what is no longer needed."""

import asyncio
from dataclasses import dataclass

import structlog

from ingest_api.job_store import JobStore

log = structlog.get_logger(__name__)

_EVERY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """Runs in every API process; repeating it is harmless."""

    jobs: JobStore
    idempotency_hours: int

    async def run(self) -> None:
        """Clean up now and every hour, until cancelled; raise `JobStoreUnavailableError` when the database is away."""
        while True:
            if forgotten := await self.jobs.forget_keys(older_than_hours=self.idempotency_hours):
                log.info("idempotency keys forgotten", count=forgotten)
            await asyncio.sleep(_EVERY_SECONDS)
