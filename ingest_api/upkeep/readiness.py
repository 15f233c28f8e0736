"""Finds out whether the API can do its work, by dependency."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from aiokafka.admin import AIOKafkaAdminClient

from common import metrics
from common.blob_store import BlobStore, BlobStoreUnavailableError
from common.kafka.clients import KafkaError
from common.settings.groups import KafkaSettings
from ingest_api.job_store import Backlog, JobStore, JobStoreUnavailableError

_EVERY_SECONDS = 10.0
_PATIENCE_SECONDS = 3.0

Health = Literal["ok", "unavailable", "unknown"]


@dataclass(slots=True)
class Readiness:
    """Checks each dependency in the background, so that a probe costs nothing and never hangs."""

    jobs: JobStore
    blobs: BlobStore
    kafka: KafkaSettings
    backlog: Callable[[], Backlog]
    stuck_after_seconds: float
    dependencies: dict[str, Health] = field(
        default_factory=lambda: {"database": "unknown", "storage": "unknown", "kafka": "unknown"}
    )

    @property
    def is_ready(self) -> bool:
        """Whether requests can be served. They do not need Kafka: events wait in the outbox."""
        return self.dependencies["database"] == self.dependencies["storage"] == "ok"

    @property
    def stuck_outbox(self) -> str | None:
        """Return how long events have waited, if that is too long; None while they are sent.

        Kafka may well answer meanwhile: look at the log for `event not sent`.
        """
        age = self.backlog().outbox_age_seconds
        return f"stuck: events have been due for {age:.0f} s" if age > self.stuck_after_seconds else None

    @property
    def status(self) -> Literal["ready", "degraded", "not ready"]:
        """The status for operators: degraded serves requests and accepts jobs, but jobs make no progress."""
        if not self.is_ready:
            return "not ready"
        return "degraded" if self.stuck_outbox else "ready"

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_SECONDS)

    async def look(self) -> None:
        """Check every dependency once, each for a few seconds at most."""
        checks = {"database": self.jobs.check, "storage": self.blobs.check, "kafka": self._check_kafka}
        found = await asyncio.gather(*(_health(check) for check in checks.values()))
        self.dependencies = dict(zip(checks, found, strict=True))
        for dependency, health in self.dependencies.items():
            metrics.DEPENDENCY_UP.labels(dependency).set(health == "ok")

    async def _check_kafka(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.broker_list)
        try:
            await admin.start()
        finally:
            await admin.close()


async def _health(check: Callable[[], Awaitable[None]]) -> Health:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await check()
    except (JobStoreUnavailableError, BlobStoreUnavailableError, KafkaError, TimeoutError, OSError):
        return "unavailable"
    return "ok"
