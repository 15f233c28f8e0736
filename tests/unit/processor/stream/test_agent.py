"""The Faust agent, without Kafka."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from common.blob_store.disk import open_disk_store
from common.events import JobFailed, JobRequested, JobStarted, JobSucceeded, decode, encode
from common.kafka.headers import from_kafka, to_kafka
from common.kafka.signatures import Signatures
from common.settings.groups import KafkaSettings
from common.settings.model import Settings
from processor.app import ProcessorApp, build_app
from processor.jobs.handler import JobHandler
from processor.jobs.linger import Linger
from processor.jobs.reports import Reports
from processor.pool import Lane
from processor.services import Services
from processor.stream.agent import handle
from processor.stream.dispatcher import Dispatcher
from tests.doubles.images import ScriptedPool
from tests.doubles.kafka import Record, RecordingProducer
from tests.factories.jobs import NOON, a_request, a_task, the_variants_of

LARGEST_BYTES = 1_048_576
"""The largest record that a broker takes, and a producer sends, by default."""


@pytest.fixture
def producer() -> RecordingProducer:
    """Return what takes the reports."""
    return RecordingProducer()


@pytest_asyncio.fixture
async def services(producer: RecordingProducer, tmp_path: Path) -> AsyncIterator[Services]:
    """Yield what the agents use."""
    async with open_disk_store(tmp_path / "images") as blobs:
        yield Services(
            handler=JobHandler(blobs, ScriptedPool()),
            reports=Reports(producer, KafkaSettings(), lambda: NOON, Linger(lambda: False)),
        )


def dispatchers_of(services: Services) -> dict[Lane, Dispatcher]:
    """Return new dispatchers that use *services*."""
    return {lane: Dispatcher(lambda event, slot: handle(event, services, slot), slots=1) for lane in Lane}


@pytest_asyncio.fixture
async def app(services: Services) -> AsyncIterator[ProcessorApp]:
    """Yield the application with services of the test's own."""
    app = build_app(Settings(kafka=KafkaSettings(brokers="127.0.0.1:1")))
    app.dispatchers = dispatchers_of(services)
    yield app
    # Faust gives its consumer's thread a loop at once, and the thread that would close it never runs.
    app.consumer._thread.thread_loop.close()  # type: ignore[attr-defined] # noqa: SLF001


async def stored(job: JobRequested, services: Services, tmp_path: Path) -> JobRequested:
    """Return the job, its original stored."""
    source = tmp_path / "original"
    source.write_bytes(b"original")
    await services.handler.blobs.put_file(job.original.id, source)
    return job


async def deliver(app: ProcessorApp, *values: bytes | None, lane: Lane = Lane.INTERACTIVE) -> None:
    """Deliver *values* to the agent of *lane* and wait until each is acknowledged."""
    agent = app.agents[f"processor.{lane.name.lower()}"]
    async with agent.test_context() as context:
        for value in values:
            await context.put(value)
        await app.drain(grace_seconds=60)


@pytest.mark.parametrize("lane", list(Lane))
async def test_a_job_is_started_then_reported(
    app: ProcessorApp, services: Services, producer: RecordingProducer, tmp_path: Path, lane: Lane
) -> None:
    """One JobStarted before the work and one outcome after it, on the results topic, keyed by the job."""
    job = await stored(a_request(), services, tmp_path)

    await deliver(app, encode(job), lane=lane)

    started, outcome = (decode(sent.value) for sent in producer.sent)
    assert isinstance(started, JobStarted)
    assert (started.job_id, started.attempt) == (job.job_id, 1)
    assert isinstance(outcome, JobSucceeded)
    assert {sent.topic for sent in producer.sent} == {"icecube.results"}
    assert {sent.key for sent in producer.sent} == {str(job.job_id).encode()}


async def test_reports_of_the_same_outcome_have_the_same_id(
    app: ProcessorApp, services: Services, producer: RecordingProducer, tmp_path: Path
) -> None:
    """A redelivered job reports its outcome under the id it had before; its start is another one."""
    job = await stored(a_request(), services, tmp_path)

    await deliver(app, encode(job))
    app.dispatchers = dispatchers_of(services)
    await deliver(app, encode(job))

    ids = [from_kafka(sent.headers)["ce_id"] for sent in producer.sent]
    assert ids[1] == ids[3]
    assert len(set(ids)) == 3
    assert len({decode(sent.value) for sent in producer.sent[::2]}) == 2


async def test_a_failure_is_an_outcome_too(app: ProcessorApp, producer: RecordingProducer) -> None:
    """A job that cannot be done is reported, not raised."""
    await deliver(app, encode(a_request()))

    assert isinstance(decode(producer.sent[-1].value), JobFailed)


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"{}", encode(JobStarted(job_id=a_request().job_id, attempt=1))])
async def test_an_unreadable_event_becomes_a_dead_letter(
    app: ProcessorApp, producer: RecordingProducer, value: bytes | None
) -> None:
    """Garbage is put aside byte for byte with its reason, and stops nothing."""
    await deliver(app, value)

    (dead,) = producer.sent
    assert (dead.topic, dead.value) == ("icecube.jobs.dead", value)
    headers = from_kafka(dead.headers)
    assert headers["icecube_code"] == "unreadable_event"
    assert headers["icecube_reason"]


async def test_an_event_as_large_as_the_broker_takes_becomes_a_dead_letter(
    app: ProcessorApp, producer: RecordingProducer
) -> None:
    """With our headers it would be larger than that and never sent: its beginning and its length are kept."""
    await deliver(app, b"\x00" * LARGEST_BYTES)

    (dead,) = producer.sent
    assert dead.value
    whole = len(dead.value) + len(dead.key or b"") + sum(len(name) + len(value or b"") for name, value in dead.headers)
    assert whole < LARGEST_BYTES
    assert from_kafka(dead.headers)["icecube_bytes"] == str(LARGEST_BYTES)


async def test_only_who_has_a_key_can_ask_for_work(
    services: Services, producer: RecordingProducer, tmp_path: Path
) -> None:
    """A request that is not signed, or changed since, becomes a dead letter: nothing is begun, nothing answered."""
    ours, others = Signatures((b"o" * 32,)), Signatures((b"x" * 32,))
    services = replace(services, signatures=ours, reports=replace(services.reports, signatures=ours))
    job = await stored(a_request(), services, tmp_path)
    value, key = encode(job), str(job.job_id).encode()
    forged = encode(job.model_copy(update={"tasks": (a_task(),)}))

    for request, headers in ((value, {}), (value, others.sign(key, value)), (forged, ours.sign(key, value))):
        await handle(AnEvent(Record(request, key=key, headers=to_kafka(headers))), services)
    refused, producer.sent = producer.sent, []
    await handle(AnEvent(Record(value, key=key, headers=to_kafka(ours.sign(key, value)))), services)

    assert [(dead.topic, dead.value) for dead in refused] == [
        ("icecube.jobs.dead", request) for request in (value, value, forged)
    ]
    assert "not signed" in from_kafka(refused[0].headers)["icecube_reason"]
    assert [type(decode(sent.value)) for sent in producer.sent] == [JobStarted, JobSucceeded]
    for sent in producer.sent:
        ours.check(sent.key, sent.value, from_kafka(sent.headers))


@dataclass(frozen=True)
class AnEvent:
    """What the agent uses of a Faust event."""

    message: Record


async def test_a_record_of_neither_key_nor_value_becomes_a_dead_letter(producer: RecordingProducer) -> None:
    """Kafka's clients send no such record, brokers keep them: its letter has an empty key."""
    reports = Reports(producer, KafkaSettings(), lambda: NOON, Linger(lambda: False))

    await reports.send_dead_letter(Record(None, key=None), "nothing")

    (dead,) = producer.sent
    assert (dead.key, dead.value) == (b"", None)


async def test_a_dead_letter_shrinks_until_the_broker_takes_it(producer: RecordingProducer) -> None:
    """On a broker that takes less than is usual, its beginning is kept; where it takes nothing, work goes on."""
    reports = Reports(producer, KafkaSettings(), lambda: NOON, Linger(lambda: False))
    producer.largest = 100_000

    await reports.send_dead_letter(Record(bytes(900_000)), "no event")
    producer.largest = 10
    await reports.send_dead_letter(Record(bytes(900_000)), "no event")

    assert [dead.value for dead in producer.sent] == [bytes(56_250)]


async def test_a_success_too_large_for_kafka_is_told_as_a_failure(producer: RecordingProducer) -> None:
    """A report of thousands of variants that can never be sent neither holds its partition nor leaves its job open."""
    reports = Reports(producer, KafkaSettings(), lambda: NOON, Linger(lambda: False))
    job, many = a_request(), the_variants_of(tuple(a_task() for _ in range(7000)))

    await reports.send_result(JobSucceeded(job_id=job.job_id, attempt=1, variants=many))

    (sent,) = producer.sent
    failure = decode(sent.value)
    assert isinstance(failure, JobFailed)
    assert (failure.job_id, failure.code, failure.retryable) == (job.job_id, "result_refused", False)


async def test_a_reason_that_quotes_a_stranger_is_short_and_plain(
    app: ProcessorApp, producer: RecordingProducer
) -> None:
    """Neither its length nor its control characters reach the headers."""
    await deliver(app, b'{"type": "' + b"\\u0000" * 20_000 + b'"}')

    (dead,) = producer.sent
    reason = from_kafka(dead.headers)["icecube_reason"]
    assert len(reason) <= 500
    assert reason.isprintable()


async def test_a_report_waits_out_an_outage(
    app: ProcessorApp, services: Services, producer: RecordingProducer, tmp_path: Path
) -> None:
    """While Kafka is away a report is sent again and again; the job is done once."""
    job = await stored(a_request(), services, tmp_path)
    producer.outages = 2

    await deliver(app, encode(job))

    assert [type(decode(sent.value)) for sent in producer.sent] == [JobStarted, JobSucceeded]
