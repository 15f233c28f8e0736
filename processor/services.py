"""Opens and wires everything that a processor uses."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from common import metrics
from common.blob_store import BlobStoreUnavailableError
from common.blob_store.opening import open_blob_store
from common.kafka.clients import KafkaError, open_producer
from common.kafka.signatures import UNSIGNED, Signatures, signatures_of
from common.retries import retry_until_available
from common.settings.model import Settings
from processor.engine import ImageLimits
from processor.engine.sandbox.confining import missing_protections
from processor.jobs.handler import JobHandler
from processor.jobs.linger import Linger
from processor.jobs.reports import Reports
from processor.pool import ImagePool

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that the agent uses."""

    handler: JobHandler
    reports: Reports
    signatures: Signatures = UNSIGNED
    """Checks who may request jobs."""


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Yield the services; close everything at the end.

    Waits for Kafka and the blob store, however long: a processor that gave up would be restarted ever more slowly, and
    come back long after them.
    """
    async with AsyncExitStack() as stack:
        blobs = await stack.enter_async_context(open_blob_store(settings))
        await retry_until_available(blobs.check, on=BlobStoreUnavailableError)
        producer = await retry_until_available(
            lambda: stack.enter_async_context(open_producer(settings.kafka)), on=KafkaError
        )
        _warn_of_a_weaker_sandbox(missing_protections())
        pool = await stack.enter_async_context(
            ImagePool(
                workers=settings.server.max_workers,
                limits=ImageLimits(megapixels=settings.limits.megapixels, side_pixels=settings.limits.side_pixels),
                task_seconds=settings.limits.task_seconds,
                task_memory_mb=settings.limits.task_memory_mb,
                restarted=metrics.POOL_RESTARTS.inc,
            )
        )
        signatures, linger = signatures_of(settings.kafka), Linger(pool.has_work_waiting)
        reports = Reports(producer, settings.kafka, _now, linger, signatures)
        yield Services(JobHandler(blobs, pool, store_seconds=settings.limits.store_seconds), reports, signatures)


def _warn_of_a_weaker_sandbox(missing: Sequence[str]) -> None:
    """Warn of what this system lacks; `icecube convert`, for the user's own images, needs no warning."""
    if missing:
        log.warning("image processes confined less than they could be", missing=missing)


def _now() -> datetime:
    return datetime.now(UTC)
