"""The relay: from the outbox to Kafka, on a real PostgreSQL."""

import asyncio
from datetime import timedelta

import pytest

from common.kafka.clients import KafkaError
from common.settings.groups import KafkaSettings
from ingest_api.delivery.messages import Messages
from ingest_api.delivery.relay import Relay
from ingest_api.job_store import JobRecord
from ingest_api.job_store.outbox import PostgresOutbox
from ingest_api.job_store.postgres import PostgresJobStore
from tests.doubles.kafka import RecordingProducer
from tests.factories.jobs import NOON, a_record

MESSAGES = Messages(KafkaSettings())


@pytest.fixture
def relay(outbox: PostgresOutbox) -> Relay:
    """Return the relay under test."""
    return Relay(outbox, KafkaSettings(), batch=10, poll_seconds=1)


async def stored_job(jobs: PostgresJobStore) -> JobRecord:
    """Return a job whose request is in the outbox."""
    record = a_record()
    await jobs.add_originals([record.original])
    await jobs.add_job(record, MESSAGES.job_requested(record, at=NOON))
    return record


async def test_an_event_is_sent_once_and_its_place_is_noted(relay: Relay, jobs: PostgresJobStore) -> None:
    """After an acknowledged send the event is gone from the outbox, and the job knows where its request stands."""
    record = await stored_job(jobs)
    producer = RecordingProducer()

    assert await relay.relay_batch(producer) == 1
    assert await relay.relay_batch(producer) == 0

    (sent,) = producer.sent
    assert (sent.topic, sent.key) == ("icecube.jobs", str(record.job.id).encode())
    found = await jobs.find_job(record.job.id)
    assert found is not None
    assert found.publication is not None
    assert (found.publication.partition, found.publication.offset) == (0, 0)


async def test_what_kafka_does_not_take_stays(relay: Relay, jobs: PostgresJobStore) -> None:
    """A failed send is told, keeps its event, and does not hold back the others."""
    await stored_job(jobs)
    record = await stored_job(jobs)
    async with jobs.changing([record.job.id]) as changes:
        changes.publish(MESSAGES.job_ended(a_completed(record), (), at=NOON))
    producer = RecordingProducer(broken={"icecube.jobs"})

    with pytest.raises(KafkaError):
        await relay.relay_batch(producer)
    producer.broken.clear()
    assert await relay.relay_batch(producer) == 2

    assert [sent.topic for sent in producer.sent] == ["image-jobs", "icecube.jobs", "icecube.jobs"]


async def test_relays_side_by_side_send_each_event_once(outbox: PostgresOutbox, jobs: PostgresJobStore) -> None:
    """Four relays share a hundred events without sending one twice."""
    keys = {str((await stored_job(jobs)).job.id).encode() for _ in range(100)}
    producer = RecordingProducer()
    relays = [Relay(outbox, KafkaSettings(), batch=7, poll_seconds=1) for _ in range(4)]

    async def relay_all(relay: Relay) -> None:
        while await relay.relay_batch(producer):
            pass

    await asyncio.gather(*(relay_all(relay) for relay in relays))

    assert len(producer.sent) == len(keys)
    assert {sent.key for sent in producer.sent} == keys


async def test_an_event_carries_its_attributes(relay: Relay, jobs: PostgresJobStore) -> None:
    """Records are CloudEvents in binary mode, and the same event always has the same id."""
    record = await stored_job(jobs)
    async with jobs.changing([record.job.id]) as changes:
        changes.publish(MESSAGES.job_requested(record, at=NOON + timedelta(seconds=1)))
    producer = RecordingProducer()

    await relay.relay_batch(producer)

    first, again = (dict(sent.headers) for sent in producer.sent)
    assert first["ce_id"] == again["ce_id"]
    assert first["ce_specversion"] == b"1.0"
    assert first["ce_type"] == b"icecube.JobRequested"
    assert first["ce_subject"] == str(record.job.id).encode()
    assert first["content-type"] == b"application/json"


def a_completed(record: JobRecord) -> JobRecord:
    """Return the record with its job completed."""
    return JobRecord(
        job=record.job.succeeded(at=NOON), original=record.original, tasks=record.tasks, created_at=record.created_at
    )
