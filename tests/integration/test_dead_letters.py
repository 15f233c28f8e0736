"""Dead letters: found, and sent on their way again."""

import re
from dataclasses import replace
from typing import cast
from uuid import UUID, uuid4

import pytest

from common.events import encode
from common.kafka.clients import open_producer
from common.kafka.headers import from_kafka, to_kafka
from common.kafka.signatures import Signatures
from common.kafka.topics import create_topics
from common.options.tasks import TaskOptions
from common.settings.groups import KafkaSettings, LimitsSettings
from ingest_api.domain.caller import Caller, Scope
from ingest_api.domain.job import JobState
from ingest_api.intake.job_request import JobRequest
from ingest_api.intake.jobs import JobIntake
from ingest_api.job_store import JobRecord, OutboxMessage
from ingest_api.job_store.outbox import PostgresOutbox
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.messages import Messages, request_of
from ingest_api.services import Services
from ingest_api.upkeep.dead_letters import DeadLetter, NotReplayableError, Replay, open_dead_letters
from ingest_api.web.routes.dependencies import Admitted
from tests.doubles.kafka import Record, RecordingProducer
from tests.factories.jobs import NOON, a_job, a_record


@pytest.fixture
async def topics(kafka_brokers: str, *, kafka_is_real: bool) -> KafkaSettings:
    """Return settings with topics of the test's own."""
    name = uuid4().hex
    topics = KafkaSettings(
        brokers=kafka_brokers, dead_topic=f"{name}.dead", jobs_topic=f"{name}.jobs", fetch_wait_ms=20
    )
    if kafka_is_real:
        await create_topics(topics)
    return topics


async def put_aside(topics: KafkaSettings, *messages: OutboxMessage) -> None:
    """Send dead letters as the relay does."""
    async with open_producer(topics) as producer:
        for message in messages:
            await (await producer.send(message.topic, message.value, message.key, headers=to_kafka(message.headers)))


async def letters(topics: KafkaSettings) -> list[DeadLetter]:
    """Return every dead letter."""
    async with open_dead_letters(topics) as topic:
        return [letter async for letter in topic.read_letters()]


def a_given_up_job() -> JobRecord:
    """Return a job whose attempts are used up."""
    job = a_job(state=JobState.FAILED, attempt=3, code="time_limit", reason="It took too long.", ended_at=NOON)
    return a_record(job=job)


async def test_letters_are_read_with_their_reasons(topics: KafkaSettings) -> None:
    """Every letter that stands in the topic is found, also by the next who looks."""
    record, garbage = a_given_up_job(), Record(b"\xff", topic=topics.jobs_topic, offset=7)
    messages = Messages(topics)
    await put_aside(topics, messages.given_up(record, at=NOON), messages.unreadable(garbage, "not JSON", at=NOON))

    found = await letters(topics)

    assert len(found) == len(await letters(topics)) == 2
    by_code = {letter.headers["icecube_code"]: letter for letter in found}
    given_up, unreadable = by_code["time_limit"], by_code["unreadable_event"]
    assert given_up.request is not None
    assert given_up.request.job_id == record.job.id
    assert (unreadable.request, unreadable.value) == (None, b"\xff")
    assert not any(letter.was_replayed for letter in found)


async def test_an_empty_topic_has_no_letters(topics: KafkaSettings) -> None:
    """Nothing is waited for where there is nothing."""
    assert await letters(topics) == []


async def test_replayed_letters_are_marked(topics: KafkaSettings) -> None:
    """What `replay --all` has been past is not replayed by the next one."""
    messages = Messages(topics)
    await put_aside(topics, messages.given_up(a_given_up_job(), at=NOON))
    async with open_dead_letters(topics) as topic:
        async for letter in topic.read_letters():
            await topic.mark_replayed(letter)
    await put_aside(topics, *(messages.given_up(a_given_up_job(), at=NOON) for _ in range(3)))

    assert sum(letter.was_replayed for letter in await letters(topics)) == 1


async def test_a_given_up_job_is_asked_for_by_a_new_one(
    topics: KafkaSettings, jobs: PostgresJobStore, outbox: PostgresOutbox
) -> None:
    """The old job stays failed; a new one asks for the same variants. Replayed twice, it is still one."""
    record = a_given_up_job()
    await jobs.add_originals([record.original])
    await put_aside(topics, Messages(topics).given_up(record, at=NOON))
    (letter,) = await letters(topics)
    intake = JobIntake(jobs, Messages(topics), LimitsSettings(), lambda: NOON)
    replay = Replay(intake, RecordingProducer(), topics)

    said = {await replay.of(letter) for _ in range(2)}

    assert len(said) == 1
    async with outbox.claim(10) as claimed:
        (request,) = claimed.messages.values()
    assert request.request_of is not None
    asked = await jobs.find_job(request.request_of)
    assert asked is not None
    assert asked.original == record.original
    assert [task.options for task in asked.tasks] == [task.options for task in record.tasks]


async def test_an_unreadable_event_goes_back_to_its_topic(topics: KafkaSettings, jobs: PostgresJobStore) -> None:
    """Byte for byte, for a release that can read it."""
    await put_aside(topics, Messages(topics).unreadable(Record(b"\xff", topic=topics.jobs_topic), "not JSON", at=NOON))
    (letter,) = await letters(topics)
    producer = RecordingProducer()
    intake = JobIntake(jobs, Messages(topics), LimitsSettings(), lambda: NOON)

    await Replay(intake, producer, topics).of(letter)

    assert [(sent.topic, sent.value) for sent in producer.sent] == [(topics.jobs_topic, b"\xff")]


async def test_a_request_that_was_refused_is_no_given_up_job(topics: KafkaSettings, jobs: PostgresJobStore) -> None:
    """Replayed, a forged request makes no job: it goes back to its topic, with its signature, and is judged again."""
    value, key, signatures = encode(request_of(a_given_up_job())), b"k", Signatures((b"o" * 32,))
    forged = Record(value, key=key, topic=topics.jobs_topic, headers=to_kafka(signatures.sign(key, value)))
    await put_aside(topics, Messages(topics).unreadable(forged, "it is signed by no key of ours", at=NOON))
    (letter,) = await letters(topics)
    producer = RecordingProducer()

    await Replay(JobIntake(jobs, Messages(topics), LimitsSettings(), lambda: NOON), producer, topics).of(letter)

    (sent,) = producer.sent
    assert (sent.topic, sent.value) == (topics.jobs_topic, value)
    signatures.check(sent.key, sent.value, from_kafka(sent.headers))


@pytest.mark.parametrize("topic", ["payments", "", "\x1b[2Jicecube.jobs"])
async def test_a_letter_goes_to_no_topic_of_others(topics: KafkaSettings, jobs: PostgresJobStore, topic: str) -> None:
    """Else whoever may write letters could write, by an operator's hand, where they may not."""
    producer = RecordingProducer()
    letter = DeadLetter(0, 0, NOON, None, b"forged", {"icecube_topic": topic}, was_replayed=False)
    replay = Replay(JobIntake(jobs, Messages(topics), LimitsSettings(), lambda: NOON), producer, topics)

    with pytest.raises(NotReplayableError, match="none of ours"):
        await replay.of(letter)

    assert producer.sent == []


async def test_no_client_can_take_the_key_of_a_replay(topics: KafkaSettings, jobs: PostgresJobStore) -> None:
    """Clients' idempotency keys stand behind their owner's name, whatever that is: a replay's is none of them."""
    record = a_given_up_job()
    await jobs.add_originals([record.original])
    intake = JobIntake(jobs, Messages(topics), LimitsSettings(), lambda: NOON)
    other = JobRequest(original_id=record.original.id, options=[TaskOptions({"quality": 7})])
    for owner in ("dead-letter", "anybody"):
        client = Caller(owner, Scope.ADMIN, owner)
        for chosen in (str(record.job.id), f"dead-letter:{record.job.id}"):
            key = Admitted(cast("Services", None), client).own(chosen)
            await intake.accept(other, caller=client, key=key)
    letter = DeadLetter(0, 0, NOON, None, encode(request_of(record)), {}, was_replayed=False)

    said = await Replay(intake, RecordingProducer(), topics).of(letter)

    replayed = await jobs.find_job(UUID(said.rpartition(" ")[2]))
    assert replayed is not None
    assert [task.options for task in replayed.tasks] == [task.options for task in record.tasks]


async def test_a_letter_of_an_image_that_is_gone_says_so(topics: KafkaSettings, jobs: PostgresJobStore) -> None:
    """Replaying all passes over it: else one letter, which anybody may forge, would keep back the others."""
    letter = DeadLetter(0, 0, NOON, None, encode(request_of(a_given_up_job())), {}, was_replayed=False)
    replay = Replay(JobIntake(jobs, Messages(topics), LimitsSettings(), lambda: NOON), RecordingProducer(), topics)

    with pytest.raises(NotReplayableError):
        await replay.of(letter)


async def test_a_letter_that_asks_for_what_no_image_has_says_so(topics: KafkaSettings, jobs: PostgresJobStore) -> None:
    """A forged one would keep back the others as well."""
    record = a_given_up_job()
    await jobs.add_originals([record.original])
    crop = TaskOptions({"crop": {"left": 99_999, "top": 0, "width": 1, "height": 1}})
    forged = replace(record, tasks=(record.tasks[0].model_copy(update={"options": crop}),))
    letter = DeadLetter(0, 0, NOON, None, encode(request_of(forged)), {}, was_replayed=False)
    replay = Replay(JobIntake(jobs, Messages(topics), LimitsSettings(), lambda: NOON), RecordingProducer(), topics)

    with pytest.raises(NotReplayableError, match=re.escape("options[0].crop")):
        await replay.of(letter)


def test_a_summary_is_one_line_that_any_terminal_can_show() -> None:
    """Anybody may have written it."""
    headers = {"icecube_topic": "\x1b[2J", "icecube_code": "c\r\n", "icecube_reason": "r" * 100_000}

    summary = DeadLetter(0, 0, NOON, None, b"x", headers, was_replayed=False).summary

    assert summary.startswith("event of ?[2J  c??: rrr")
    assert len(summary) == 600


def test_a_request_that_is_readable_is_recognised() -> None:
    """A letter whose value is a JobRequested names its job, whatever its headers say."""
    record = a_given_up_job()
    letter = DeadLetter(0, 0, NOON, None, encode(request_of(record)), {}, was_replayed=False)

    assert letter.request is not None
    assert letter.name == "0:0"
