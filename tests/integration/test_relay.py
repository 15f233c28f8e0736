"""The relay: from the outbox to Kafka, on a real PostgreSQL."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from common.kafka.clients import KafkaError
from common.kafka.headers import from_kafka
from common.kafka.signatures import SIGNATURE, Signatures
from common.settings.groups import KafkaSettings
from ingest_api.delivery.refused_messages import RefusedMessages
from ingest_api.delivery.relay import Relay
from ingest_api.domain.job import JobState
from ingest_api.job_store import JobRecord, OutboxMessage
from ingest_api.job_store.outbox import PostgresOutbox
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.messages import Messages
from tests.doubles.kafka import Record, RecordingProducer
from tests.factories.jobs import NOON, a_record, a_task, the_variants_of

MESSAGES = Messages(KafkaSettings())


@pytest.fixture
def relay(outbox: PostgresOutbox, jobs: PostgresJobStore) -> Relay:
    """Return the relay under test."""
    return a_relay(outbox, jobs)


def a_relay(outbox: PostgresOutbox, jobs: PostgresJobStore, *, batch: int = 10) -> Relay:
    """Return a relay; its time stands still."""
    return Relay(outbox, RefusedMessages(jobs, MESSAGES, lambda: NOON), KafkaSettings(), batch=batch, poll_seconds=1)


async def publish(jobs: PostgresJobStore, *messages: OutboxMessage) -> None:
    """Commit *messages* to the outbox."""
    async with jobs.changing(()) as changes:
        for message in messages:
            changes.publish(message)


async def relay_all(relay: Relay, producer: RecordingProducer) -> None:
    """Relay until the outbox is empty."""
    async with asyncio.timeout(60):
        while await relay.relay_batch(producer):
            pass


async def ended(record: JobRecord, jobs: PostgresJobStore) -> tuple[JobState | str, str | None]:
    """Return how the job stands, and its code."""
    found = await jobs.find_job(record.job.id)
    assert found is not None
    return found.job.state, found.job.code


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
        changes.publish(MESSAGES.job_ended(a_completed(record), at=NOON))
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
    relays = [a_relay(outbox, jobs, batch=7) for _ in range(4)]

    await asyncio.gather(*(relay_all(relay, producer) for relay in relays))

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


@pytest.mark.parametrize("broken", [{"image-jobs"}, {"image-jobs", "another"}], ids=["one", "two"])
async def test_a_topic_that_takes_nothing_stops_no_other(
    outbox: PostgresOutbox, jobs: PostgresJobStore, broken: set[str]
) -> None:
    """Older notifications that wait for a missing topic fill every batch: requests are sent all the same."""
    relay, producer = a_relay(outbox, jobs, batch=5), RecordingProducer(broken=set(broken))
    waiting = [OutboxMessage(topic=topic, key=b"k", value=b"v", headers={}) for topic in broken for _ in range(7)]
    await publish(jobs, *waiting)
    honest = {str((await stored_job(jobs)).job.id).encode() for _ in range(12)}

    for _ in range(3):
        with pytest.raises(KafkaError):
            await relay.relay_batch(producer)

    assert {sent.key for sent in producer.sent} == honest
    producer.broken.clear()
    await relay_all(relay, producer)
    assert len(producer.sent) == len(honest) + len(waiting)


async def test_a_request_is_signed_when_it_is_sent(outbox: PostgresOutbox, jobs: PostgresJobStore) -> None:
    """By the first key of the process that sends it, whenever it was committed; nothing else is signed."""
    new, old = b"n" * 32, b"o" * 32
    settings = KafkaSettings(signing_keys=SecretStr(f"{new.decode()}, {old.decode()}"))
    relay = Relay(outbox, RefusedMessages(jobs, MESSAGES, lambda: NOON), settings, batch=10, poll_seconds=1)
    record, producer = await stored_job(jobs), RecordingProducer()
    await publish(jobs, MESSAGES.job_ended(a_completed(record), at=NOON))

    await relay_all(relay, producer)

    requested, notification = sorted(producer.sent, key=lambda sent: sent.topic)
    Signatures((new,)).check(requested.key, requested.value, from_kafka(requested.headers))
    assert SIGNATURE not in from_kafka(notification.headers)


def a_notification(record: JobRecord, *, reason: str) -> OutboxMessage:
    """Return a notification as a release wrote it that bounded nothing."""
    message = MESSAGES.job_ended(a_completed(record), at=NOON)
    value = json.loads(message.value or b"") | {"status": "failed", "reason": reason}
    return replace(message, value=json.dumps(value).encode())


async def test_a_message_too_large_for_kafka_stops_no_other(relay: Relay, jobs: PostgresJobStore) -> None:
    """The notification of a job with a reason of a megabyte goes out with a short one, and honest jobs go on."""
    record, honest = a_record(), await stored_job(jobs)
    await publish(jobs, a_notification(record, reason="A" * 1_100_000))
    producer = RecordingProducer()

    await relay_all(relay, producer)

    topics = {sent.topic: sent for sent in producer.sent}
    assert topics["icecube.jobs"].key == str(honest.job.id).encode()
    told = json.loads(topics["image-jobs"].value or b"")
    assert (told["jobId"], told["status"], told["reason"]) == (str(record.job.id), "failed", "A" * 2000)


async def test_a_notification_too_large_goes_without_its_variants(relay: Relay, jobs: PostgresJobStore) -> None:
    """Who waits for the job is told that it ended, and that there are variants to ask the API for."""
    record, producer = a_record(tasks=tuple(a_task() for _ in range(7000))), RecordingProducer()
    message = MESSAGES.job_ended(replace(a_completed(record), variants=the_variants_of(record.tasks)), at=NOON)
    await publish(jobs, message)

    await relay_all(relay, producer)

    (sent,) = producer.sent
    assert (sent.topic, dict(sent.headers)["ce_id"]) == ("image-jobs", message.headers["ce_id"].encode())
    told = json.loads(sent.value or b"")
    assert told["status"] == "completed"
    assert (told["variants"], told["variantsLeftOut"]) == ([], True)


async def test_a_job_that_cannot_be_asked_for_ends(relay: Relay, jobs: PostgresJobStore) -> None:
    """Its request is larger than Kafka takes: it fails with a code, is announced, and leaves a dead letter."""
    record = a_record(tasks=tuple(a_task() for _ in range(4000)))
    await jobs.add_originals([record.original])
    await jobs.add_job(record, MESSAGES.job_requested(record, at=NOON))
    producer = RecordingProducer(largest=700_000)

    await relay_all(relay, producer)

    assert await ended(record, jobs) == (JobState.FAILED, "request_refused")
    topics = {sent.topic: sent for sent in producer.sent}
    assert set(topics) == {"image-jobs", "icecube.jobs.dead"}
    assert json.loads(topics["image-jobs"].value or b"")["status"] == "failed"
    dead, whole = topics["icecube.jobs.dead"], MESSAGES.job_requested(record, at=NOON).value or b""
    assert dead.value
    assert whole.startswith(dead.value)
    assert dict(dead.headers)["icecube_code"] == b"request_refused"
    assert int(dict(dead.headers)["icecube_bytes"] or b"") == len(whole)


async def test_a_refused_request_of_a_job_that_has_ended_is_dropped(relay: Relay, jobs: PostgresJobStore) -> None:
    """Nobody waits for it any more: nothing is announced a second time."""
    record = await stored_job(jobs)
    async with jobs.changing([record.job.id]) as changes:
        changes.save(record.job.succeeded(at=NOON))
    producer = RecordingProducer(largest=10)

    await relay_all(relay, producer)

    assert producer.sent == []
    assert await ended(record, jobs) == (JobState.COMPLETED, None)


POISON = {
    "too large": {"value": b"x" * 1_100_000},
    "too large a key": {"key": b"k" * 1_100_000},
    "neither key nor value": {"key": None, "value": None},
    "no name of a topic": {"topic": "a topic"},
    "an empty topic": {"topic": ""},
    "a dot": {"topic": ".."},
    "too long a name": {"topic": "t" * 250},
    "too large headers": {"headers": {"x": "y" * 1_100_000}},
    "a header that is no text": {"headers": {"x": 7}},
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
@pytest.mark.parametrize("topic", ["icecube.jobs", "image-jobs", "icecube.jobs.dead"])
async def test_no_poison_stops_the_relay(
    relay: Relay, jobs: PostgresJobStore, outbox: PostgresOutbox, topic: str, poison: dict[str, Any]
) -> None:
    """Whatever Kafka's client refuses is put aside, or given up with a line in the log; what follows is sent."""
    await publish(jobs, replace(OutboxMessage(topic=topic, key=b"k", value=b"v", headers={}), **poison))
    honest, producer = await stored_job(jobs), RecordingProducer()

    await relay_all(relay, producer)

    assert [sent.key for sent in producer.sent if sent.topic == "icecube.jobs"] == [str(honest.job.id).encode()]
    assert all(sent.topic == "icecube.jobs.dead" for sent in producer.sent if sent.topic != "icecube.jobs")
    async with outbox.claim(1) as claimed:
        assert claimed.messages == {}


async def test_a_dead_letter_shrinks_until_the_broker_takes_it(relay: Relay, jobs: PostgresJobStore) -> None:
    """On a broker that takes less than is usual, the beginning is kept, and how long it was."""
    await publish(jobs, MESSAGES.unreadable(Record(bytes(900_000)), "no event", at=NOON))
    producer = RecordingProducer(largest=100_000)

    await relay_all(relay, producer)

    (dead,) = producer.sent
    assert (dead.topic, dead.value) == ("icecube.jobs.dead", bytes(56_250))
    assert dict(dead.headers)["icecube_bytes"] == b"900000"


async def test_a_refusal_is_no_outage(relay: Relay, jobs: PostgresJobStore) -> None:
    """Side by side, the one is given up and the other is kept to be sent later."""
    record = await stored_job(jobs)
    await publish(jobs, OutboxMessage(topic="image-jobs", key=b"k", value=b"x" * 1_100_000, headers={}))
    producer = RecordingProducer(broken={"icecube.jobs"})

    with pytest.raises(KafkaError):
        await relay.relay_batch(producer)
    producer.broken.clear()
    await relay_all(relay, producer)

    assert [sent.topic for sent in producer.sent] == ["icecube.jobs", "icecube.jobs.dead"]
    assert await ended(record, jobs) == (JobState.PENDING, None)


def a_completed(record: JobRecord) -> JobRecord:
    """Return the record with its job completed."""
    return JobRecord(
        job=record.job.succeeded(at=NOON), original=record.original, tasks=record.tasks, created_at=record.created_at
    )
