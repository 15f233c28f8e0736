"""What the API looks at in the background, for its metrics and for whoever must not wait."""

import pytest

from common import metrics
from common.settings.groups import KafkaSettings
from ingest_api.delivery.kafka_log import PartitionView
from ingest_api.job_store import Backlog
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.messages import Messages
from ingest_api.upkeep.backlog import BacklogWatch
from ingest_api.upkeep.consumer_lag import LagWatch, lag
from tests.doubles.kafka import StandingLog
from tests.factories.jobs import NOON, a_record

TOPICS = KafkaSettings()
LAGS = [
    pytest.param(PartitionView(first=0, end=100, committed=60), 40, id="behind"),
    pytest.param(PartitionView(first=0, end=100, committed=100), 0, id="done"),
    pytest.param(PartitionView(first=70, end=100, committed=60), 30, id="retention took some"),
    pytest.param(PartitionView(first=10, end=100, committed=None), 90, id="nobody ever came"),
    pytest.param(PartitionView(first=0, end=3, committed=60), 0, id="the broker forgot"),
]


def shown(name: str, **labels: str) -> float | None:
    """Return what the API shows of a series."""
    return metrics.API.get_sample_value(name, labels)


async def test_the_backlog_is_known_without_asking_the_database(jobs: PostgresJobStore) -> None:
    """Nothing waits until somebody has looked; then the newest look stands, for callers and as metrics."""
    watch = BacklogWatch(jobs)
    record = a_record()
    await jobs.add_originals([record.original])
    await jobs.add_job(record, Messages(TOPICS).job_requested(record, at=NOON))

    before = watch.latest
    await watch.look()

    assert before == Backlog()
    assert (watch.latest.pending, watch.latest.processing, watch.latest.outbox_depth) == (1, 0, 1)
    assert shown("icecube_unfinished_jobs", state="pending") == 1
    assert shown("icecube_outbox_depth") == 1
    assert shown("icecube_outbox_age_seconds") == watch.latest.outbox_age_seconds
    assert shown("icecube_oldest_unfinished_job_seconds") == watch.latest.oldest_unfinished_seconds > 0


@pytest.mark.parametrize(("view", "records"), LAGS)
def test_lag_is_what_is_still_to_be_read(view: PartitionView, records: int) -> None:
    """What is gone counts no more, and a log that began anew has no negative lag; partitions add up."""
    assert lag({0: view}) == records
    assert lag({0: view, 1: PartitionView(first=0, end=5, committed=3)}) == records + 2


async def test_the_lag_of_both_groups_is_shown() -> None:
    """Jobs not yet processed and results not yet applied are told apart."""
    log = StandingLog(
        {
            TOPICS.jobs_topic: {0: PartitionView(first=0, end=100, committed=60)},
            TOPICS.bulk_topic: {0: PartitionView(first=0, end=2000, committed=None)},
            TOPICS.results_topic: {0: PartitionView(first=0, end=9, committed=2)},
        }
    )

    await LagWatch(TOPICS).look(log)

    assert shown("icecube_consumer_lag", topic=TOPICS.jobs_topic, group=TOPICS.processor_group) == 40
    assert shown("icecube_consumer_lag", topic=TOPICS.bulk_topic, group=TOPICS.processor_group) == 2000
    assert shown("icecube_consumer_lag", topic=TOPICS.results_topic, group=TOPICS.results_group) == 7
