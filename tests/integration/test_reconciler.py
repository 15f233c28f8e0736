"""The reconciler: what counts as proof of loss."""

from datetime import UTC, datetime, timedelta

import pytest

from common.settings.groups import DeliverySettings, KafkaSettings
from ingest_api.delivery.kafka_log import PartitionView
from ingest_api.delivery.reconciler import Reconciler, is_past
from ingest_api.domain.priority import Priority
from ingest_api.job_store import JobRecord, Publication
from ingest_api.job_store.outbox import PostgresOutbox
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.messages import Messages
from tests.doubles.kafka import StandingLog
from tests.factories.jobs import NOON, a_record

TOPICS = KafkaSettings()
MESSAGES = Messages(TOPICS)
PLACE = 57
ALL_ANSWERS_IN = {0: PartitionView(first=0, end=9, committed=9)}


def a_reconciler(jobs: PostgresJobStore) -> Reconciler:
    """Return a reconciler that looks an hour ahead, so that every publication is old enough."""
    pace = DeliverySettings(reconcile_seconds=0.3)
    return Reconciler(jobs, MESSAGES, TOPICS, pace, lambda: datetime.now(UTC) + timedelta(hours=1), lambda: None)


@pytest.fixture
async def record(jobs: PostgresJobStore, outbox: PostgresOutbox) -> JobRecord:
    """Return an unanswered job whose request stands at offset 57 of partition 3."""
    record = a_record()
    await jobs.add_originals([record.original])
    await jobs.add_job(record, MESSAGES.job_requested(record, at=NOON))
    async with outbox.claim(10) as claimed:
        for position in claimed.messages:
            claimed.mark_sent(position, Publication(job_id=record.job.id, partition=3, offset=PLACE))
    return record


def a_log(requests: PartitionView, results: dict[int, PartitionView] | None = None) -> StandingLog:
    """Return Kafka with the given partition 3 of requests."""
    return StandingLog({TOPICS.jobs_topic: {3: requests}, TOPICS.results_topic: results or ALL_ANSWERS_IN})


LOST = [
    pytest.param(PartitionView(first=0, end=100, committed=58), id="committed past, no result"),
    pytest.param(PartitionView(first=0, end=10, committed=10), id="the broker came back empty"),
    pytest.param(PartitionView(first=60, end=100, committed=None), id="retention removed it"),
]
SLOW = [
    pytest.param(PartitionView(first=0, end=100, committed=57), id="next to be read"),
    pytest.param(PartitionView(first=0, end=100_000, committed=12), id="behind a long backlog"),
    pytest.param(PartitionView(first=0, end=100, committed=None), id="no processor ever ran"),
]


@pytest.mark.parametrize("requests", LOST)
async def test_a_lost_job_is_asked_for_again_once(
    jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord, requests: PartitionView
) -> None:
    """Proof of loss puts the request back into the outbox; a second look finds it there and adds nothing."""
    reconciler = a_reconciler(jobs)

    assert await reconciler.reconcile(a_log(requests)) == 1
    assert await reconciler.reconcile(a_log(requests)) == 0

    async with outbox.claim(10) as claimed:
        assert [message.request_of for message in claimed.messages.values()] == [record.job.id]


@pytest.mark.parametrize("requests", SLOW)
@pytest.mark.usefixtures("record")
async def test_a_slow_job_is_left_alone(jobs: PostgresJobStore, requests: PartitionView) -> None:
    """However old, a job whose request can still be read is not lost."""
    assert await a_reconciler(jobs).reconcile(a_log(requests)) == 0


@pytest.mark.usefixtures("record")
async def test_results_still_to_be_applied_are_waited_for(jobs: PostgresJobStore) -> None:
    """A result may be on its way: nothing is proven before all of them are in."""
    behind = {0: PartitionView(first=0, end=9, committed=8)}
    requests = PartitionView(first=0, end=100, committed=58)

    assert await a_reconciler(jobs).reconcile(a_log(requests, behind)) == 0


async def test_an_answered_job_is_left_alone(jobs: PostgresJobStore, record: JobRecord) -> None:
    """A job that has ended is not asked for, wherever its request stands."""
    async with jobs.changing([record.job.id]) as changes:
        changes.save(record.job.succeeded(at=NOON))

    assert await a_reconciler(jobs).reconcile(a_log(PartitionView(first=0, end=100, committed=58))) == 0


BULK_PLACE = {3: PartitionView(first=0, end=100, committed=12)}
PAST = {3: PartitionView(first=0, end=100, committed=58)}


async def published_in(
    jobs: PostgresJobStore, outbox: PostgresOutbox, topic: str | None, priority: Priority
) -> JobRecord:
    """Return an unanswered job of *priority*; its request stands at offset 57 of partition 3, noted with *topic*."""
    record = a_record(priority=priority)
    await jobs.add_originals([record.original])
    await jobs.add_job(record, MESSAGES.job_requested(record, at=NOON))
    async with outbox.claim(10) as claimed:
        for position in claimed.messages:
            place = Publication(job_id=record.job.id, topic=topic, partition=3, offset=PLACE)
            claimed.mark_sent(position, place)
    return record


@pytest.mark.parametrize(
    ("topic", "priority", "interactive", "bulk", "lost"),
    [
        pytest.param(TOPICS.bulk_topic, "bulk", PAST, BULK_PLACE, 0, id="bulk, and the other topic is past"),
        pytest.param(TOPICS.bulk_topic, "bulk", BULK_PLACE, PAST, 1, id="bulk is past, and the other topic is not"),
        pytest.param(TOPICS.jobs_topic, "interactive", BULK_PLACE, PAST, 0, id="interactive, and bulk is past"),
        pytest.param(TOPICS.jobs_topic, "bulk", PAST, BULK_PLACE, 1, id="asked for again by the release before"),
        pytest.param(None, "interactive", BULK_PLACE, PAST, 0, id="the release before published it"),
        pytest.param(None, "interactive", PAST, BULK_PLACE, 1, id="the release before published it, and it is lost"),
        pytest.param(None, "bulk", PAST, BULK_PLACE, 1, id="the release before published it somewhere"),
        pytest.param(None, "bulk", BULK_PLACE, BULK_PLACE, 0, id="it is still in either"),
    ],
)
async def test_a_place_in_kafka_includes_its_topic(
    jobs: PostgresJobStore,
    outbox: PostgresOutbox,
    topic: str | None,
    priority: str,
    interactive: dict[int, PartitionView],
    bulk: dict[int, PartitionView],
    lost: int,
) -> None:
    """A bulk job's loss shows in its own topic: by the other's positions it would wait for ever, or be done twice."""
    await published_in(jobs, outbox, topic, Priority(priority))
    log = StandingLog({TOPICS.jobs_topic: interactive, TOPICS.bulk_topic: bulk, TOPICS.results_topic: ALL_ANSWERS_IN})

    assert await a_reconciler(jobs).reconcile(log) == lost


def test_a_partition_that_is_gone_has_lost_its_requests() -> None:
    """A topic made anew with fewer partitions has lost those."""
    place = Publication(job_id=a_record().job.id, partition=7, offset=0)

    assert is_past(place, {0: PartitionView(first=0, end=1, committed=0)})
