"""Opens and wires everything that a processor uses."""

from collections.abc import AsyncIterator, Mapping, Sequence
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
from processor.pool import ImagePool, Lane

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that the agent of a lane uses."""

    handler: JobHandler
    reports: Reports
    signatures: Signatures = UNSIGNED
    """Checks who may request jobs."""


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Mapping[Lane, Services]]:
    """Yield the services of each lane; close everything at the end.

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
                limits=ImageLimits(
                    megapixels=settings.limits.megapixels,
                    side_pixels=settings.limits.side_pixels,
                    frames=settings.limits.frames,
                ),
                task_seconds=settings.limits.task_seconds,
                task_memory_mb=settings.limits.task_memory_mb,
                restarted=metrics.POOL_RESTARTS.inc,
            )
        )
        signatures, seconds = signatures_of(settings.kafka), settings.limits.store_seconds
        # Reports of interactive jobs do not wait for those of bulk jobs.
        interactive, bulk = Linger(pool.has_interactive_work_waiting), Linger(pool.has_work_waiting)
        yield {
            Lane.INTERACTIVE: Services(
                JobHandler(blobs, pool, store_seconds=seconds),
                Reports(producer, settings.kafka, _now, interactive, signatures),
                signatures,
            ),
            Lane.BULK: Services(
                JobHandler(blobs, pool.bulk_lane(), store_seconds=seconds),
                Reports(producer, settings.kafka, _now, bulk, signatures),
                signatures,
            ),
        }


def _warn_of_a_weaker_sandbox(missing: Sequence[str]) -> None:
    """Warn of what this system lacks; `icecube convert`, for the user's own images, needs no warning."""
    if missing:
        log.warning("image processes confined less than they could be", missing=missing)


def _now() -> datetime:
    return datetime.now(UTC)
