"""Opens and wires everything that the API uses."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from uuid import UUID

from common.blob_store import BlobStore
from common.blob_store.opening import open_blob_store
from common.failure_codes import FailureCode
from common.kafka.signatures import signatures_of
from common.kafka.topics import RETENTION
from common.settings.model import Settings
from common.stop_marks import grace_after
from ingest_api.access.key_ring import KeyRing
from ingest_api.access.rate_limits import RateLimits
from ingest_api.delivery.reconciler import Reconciler
from ingest_api.delivery.refused_messages import RefusedMessages
from ingest_api.delivery.relay import Relay
from ingest_api.delivery.results import ResultsHandler
from ingest_api.delivery.results_consumer import ResultsConsumer
from ingest_api.delivery.reuse import Reuse
from ingest_api.domain.image_urls import ImageUrls
from ingest_api.domain.job import RetryPolicy
from ingest_api.intake.admission import Admission
from ingest_api.intake.batches import BatchIntake
from ingest_api.intake.jobs import JobIntake
from ingest_api.intake.originals import OriginalIntake
from ingest_api.job_store import JobStore
from ingest_api.job_store.batches import PostgresBatches
from ingest_api.job_store.cleanings import PostgresCleanings
from ingest_api.job_store.connecting import Pool, connection_of, open_pool
from ingest_api.job_store.deletions import PostgresDeletions
from ingest_api.job_store.lists import PostgresLists
from ingest_api.job_store.migrating import check_schema
from ingest_api.job_store.old_rows import PostgresOldRows
from ingest_api.job_store.outbox import PostgresOutbox
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.batches import BatchCancellation, BatchDeletion, BatchRepair
from ingest_api.life_cycle.cancelling import Cancellation
from ingest_api.life_cycle.cleaner import Cleaner
from ingest_api.life_cycle.deleting import ImageDeletion
from ingest_api.life_cycle.messages import Messages
from ingest_api.life_cycle.retention import Retention
from ingest_api.reads.job_waits import JobWaits
from ingest_api.reads.response_cache import ResponseCache
from ingest_api.upkeep.background import keep_running
from ingest_api.upkeep.backlog import BacklogWatch
from ingest_api.upkeep.consumer_lag import LagWatch
from ingest_api.upkeep.housekeeping import Housekeeping
from ingest_api.upkeep.readiness import Readiness
from ingest_api.uploads.folder import UploadFolder, open_upload_folder

_MIB = 1024 * 1024
_JOB_SECONDS = 10
_IMAGE_SECONDS = 5
"""Times to live of cached responses. The job store may have cached an image's row for five seconds before: no response
is older than ten, counted from the read of its row."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that the routes use."""

    settings: Settings
    jobs: JobStore
    blobs: BlobStore
    original_intake: OriginalIntake
    job_intake: JobIntake
    cancellation: Cancellation
    deletion: ImageDeletion
    uploads: UploadFolder
    admission: Admission
    access: KeyRing
    rate_limits: RateLimits
    readiness: Readiness
    backlog: BacklogWatch
    described_images: ResponseCache
    ended_jobs: ResponseCache
    small_downloads: ResponseCache
    urls: ImageUrls
    lists: PostgresLists
    job_waits: JobWaits
    batches: PostgresBatches
    batch_intake: BatchIntake
    batch_cancellation: BatchCancellation
    batch_deletion: BatchDeletion

    def url_of(self, image_id: UUID) -> str:
        """Return the URL of an image's bytes for a response's body."""
        return self.urls.of(image_id, at=utc_now())


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Yield the services, with their background work running; close everything at the end.

    Raises `JobStoreUnavailableError` or `BlobStoreUnavailableError` when one of them cannot be reached,
    `SchemaVersionError` when the database is not migrated, `KeysFileError` when the file of API keys cannot be read.
    Kafka may be away.
    """
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_database(settings))
        blobs = await stack.enter_async_context(open_blob_store(settings))
        await blobs.check()
        uploads = await stack.enter_async_context(
            open_upload_folder(blobs.work_dir, free_mb=settings.limits.free_disk_mb)
        )
        urls = _image_urls(settings)
        waits, messages = JobWaits(), Messages(settings.kafka, urls)
        jobs = PostgresJobStore(pool, tell_ended=waits.tell_ended)
        relay = _relay(settings, pool, RefusedMessages(jobs, messages, utc_now))
        backlog = BacklogWatch(jobs)
        readiness = Readiness(jobs, blobs, settings.kafka, lambda: backlog.latest, settings.delivery.stuck_seconds)
        reuse, access = Reuse.of(settings.processing), KeyRing(settings.access)
        handler = ResultsHandler(
            jobs,
            messages,
            _retry_policy(settings),
            utc_now,
            reuse,
            signatures_of(settings.kafka),
        )
        batches = PostgresBatches(pool)
        intake = JobIntake(jobs, messages, settings.limits, utc_now, relay.wake, reuse)
        deletion = ImageDeletion(PostgresDeletions(pool), messages, utc_now, relay.wake)
        batch_cancellation = BatchCancellation(jobs, batches, messages, utc_now, relay.wake)
        background: dict[str, Callable[[], Awaitable[None]]] = {
            "relay": relay.run,
            "results": ResultsConsumer(handler, settings.kafka, wake_relay=relay.wake).run,
            "reconciler": Reconciler(jobs, messages, settings.kafka, settings.delivery, utc_now, relay.wake).run,
            "readiness": readiness.run,
            "backlog": backlog.run,
            "retention": _retention(settings, pool, messages, backlog).run,
            "cleaner": _cleaner(settings, pool, blobs).run,
            "housekeeping": Housekeeping(jobs, settings.delivery.idempotency_hours).run,
            "lag": LagWatch(settings.kafka).run,
            "keys": access.run,
            "batches": BatchRepair(batches, messages, utc_now, relay.wake).run,
            "waits": partial(waits.run, jobs.find_ended),
        }
        for name, work in background.items():
            await stack.enter_async_context(keep_running(name, work))
        yield Services(
            settings=settings,
            jobs=jobs,
            blobs=blobs,
            original_intake=OriginalIntake(jobs, blobs, settings.limits, utc_now),
            job_intake=intake,
            cancellation=Cancellation(jobs, messages, utc_now, relay.wake),
            deletion=deletion,
            uploads=uploads,
            admission=Admission(settings.limits, lambda: backlog.latest),
            access=access,
            rate_limits=RateLimits(settings.access.requests_per_minute, monotonic),
            readiness=readiness,
            backlog=backlog,
            described_images=ResponseCache(2 * _MIB, seconds=_IMAGE_SECONDS),
            ended_jobs=ResponseCache(4 * _MIB, seconds=_JOB_SECONDS),
            small_downloads=ResponseCache(16 * _MIB, seconds=_IMAGE_SECONDS),
            urls=urls,
            lists=PostgresLists(pool),
            job_waits=waits,
            batches=batches,
            batch_intake=BatchIntake(intake, batches),
            batch_cancellation=batch_cancellation,
            batch_deletion=BatchDeletion(batch_cancellation, deletion),
        )


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Pool]:
    """Yield connections to a database with a schema of this release; raise `SchemaVersionError` otherwise."""
    async with open_pool(settings.database.dsn, max_connections=settings.database.max_connections) as pool:
        async with connection_of(pool) as connection:
            await check_schema(connection)
        yield pool


def utc_now() -> datetime:
    """Return the current time; the API has no other clock."""
    return datetime.now(UTC)


def _image_urls(settings: Settings) -> ImageUrls:
    access = settings.access
    return ImageUrls(access.url_signing_key_list, settings.server.public_url, access.url_seconds)


def _relay(settings: Settings, pool: Pool, refused: RefusedMessages) -> Relay:
    delivery = settings.delivery
    outbox = PostgresOutbox(pool)
    return Relay(outbox, refused, settings.kafka, batch=delivery.relay_batch, poll_seconds=delivery.relay_poll_seconds)


def _cleaner(settings: Settings, pool: Pool, blobs: BlobStore) -> Cleaner:
    grace = grace_after(settings.limits.store_seconds)
    return Cleaner(PostgresCleanings(pool), blobs, grace, marks_stay=_deliverable(settings))


def _retention(settings: Settings, pool: Pool, messages: Messages, backlog: BacklogWatch) -> Retention:
    return Retention(
        images=PostgresDeletions(pool),
        rows=PostgresOldRows(pool),
        settings=settings.retention,
        messages=messages,
        clock=utc_now,
        backlog=lambda: backlog.latest,
        jobs_stay=max(_deliverable(settings), timedelta(days=8)),
    )


def _deliverable(settings: Settings) -> timedelta:
    """Return how long after a job's end Kafka may deliver its request."""
    delivery = settings.delivery
    return RETENTION + timedelta(seconds=max(delivery.retry_max_seconds, delivery.upgrade_wait_seconds))


def _retry_policy(settings: Settings) -> RetryPolicy:
    return RetryPolicy(
        attempts=settings.limits.attempts,
        starts=settings.limits.starts,
        base_seconds=settings.delivery.retry_base_seconds,
        max_seconds=settings.delivery.retry_max_seconds,
        waits={FailureCode.UNSUPPORTED_OPTION: settings.delivery.upgrade_wait_seconds},
    )
