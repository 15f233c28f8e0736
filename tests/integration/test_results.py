"""What results do to jobs, on a real PostgreSQL."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from common.events import Event, JobFailed, JobRequested, JobStarted, JobSucceeded, decode, encode
from common.ids import new_id
from common.kafka.headers import to_kafka
from common.kafka.signatures import Signatures
from common.options.tasks import TaskOptions
from common.settings.groups import KafkaSettings
from ingest_api.delivery.results import ResultsHandler
from ingest_api.delivery.reuse import Reuse, reuse_key
from ingest_api.domain.cleaning import Cleaned, Cleaning, Phase
from ingest_api.domain.image_urls import ImageUrls
from ingest_api.domain.job import JobState
from ingest_api.job_store import JobRecord, OutboxMessage
from ingest_api.job_store.cleanings import PostgresCleanings
from ingest_api.job_store.connecting import Pool
from ingest_api.job_store.outbox import PostgresOutbox
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.messages import Messages
from ingest_api.web.routes.bodies import JobBody
from tests.doubles.kafka import Record
from tests.factories.jobs import NOON, a_policy, a_record, a_task, an_image, path_of, the_variants_of

TOPICS = KafkaSettings()
MESSAGES = Messages(TOPICS)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def handler(jobs: PostgresJobStore) -> ResultsHandler:
    """Return the handler under test; its time stands still."""
    return ResultsHandler(jobs, MESSAGES, a_policy(), lambda: NOON)


@pytest.fixture
async def record(jobs: PostgresJobStore, outbox: PostgresOutbox) -> JobRecord:
    """Return a stored job whose request was sent."""
    record = a_record()
    await jobs.add_originals([record.original])
    await jobs.add_job(record, MESSAGES.job_requested(record, at=NOON))
    await taken(outbox)
    return record


async def taken(outbox: PostgresOutbox) -> list[OutboxMessage]:
    """Return what is in the outbox and empty it."""
    async with outbox.claim(100) as claimed:
        for position in claimed.messages:
            claimed.mark_sent(position, None)
        return list(claimed.messages.values())


def records_of(*events: Event) -> Sequence[Record]:
    """Return *events* as they come from Kafka."""
    return [Record(encode(event), headers=to_kafka({"traceparent": TRACE})) for event in events]


def success_of(record: JobRecord, *, attempt: int = 1) -> JobSucceeded:
    """Return a processor's report of success."""
    return JobSucceeded(job_id=record.job.id, attempt=attempt, variants=the_variants_of(record.tasks))


def failure_of(record: JobRecord, *, attempt: int = 1, retryable: bool = True) -> JobFailed:
    """Return a processor's report of failure."""
    return JobFailed(job_id=record.job.id, attempt=attempt, code="c", reason="It broke.", retryable=retryable)


def a_start_of(record: JobRecord) -> JobStarted:
    """Return a processor's report that it takes the job in hand, once more."""
    return JobStarted(job_id=record.job.id, attempt=1, start_id=new_id())


async def state_of(record: JobRecord, jobs: PostgresJobStore) -> JobState | str:
    """Return the job's committed state."""
    found = await jobs.find_job(record.job.id)
    assert found is not None
    return found.job.state


async def test_a_start_is_seen(handler: ResultsHandler, jobs: PostgresJobStore, record: JobRecord) -> None:
    """A job that a processor has in hand is processing."""
    await handler.handle(records_of(JobStarted(job_id=record.job.id, attempt=1)))

    assert await state_of(record, jobs) is JobState.PROCESSING


async def test_a_success_stores_variants_and_announces_the_end(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord
) -> None:
    """State, variants and notification are committed together; the notification has its promised members."""
    await handler.handle(records_of(success_of(record)))

    assert await state_of(record, jobs) is JobState.COMPLETED
    variant = await jobs.find_image(record.tasks[0].variant_id)
    assert variant is not None
    assert (variant.original_id, variant.original_name) == (record.original.id, record.original.original_name)
    (message,) = await taken(outbox)
    assert message.topic == "image-jobs"
    assert message.key == str(record.job.id).encode()
    assert message.headers["ce_type"] == "icecube.JobEnded"
    assert message.headers["traceparent"] == TRACE
    assert json.loads(message.value or b"") == {
        "jobId": str(record.job.id),
        "status": "completed",
        "originalId": str(record.original.id),
        "timestamp": "2026-06-01T12:00:00Z",
        "variants": [
            {
                "taskId": str(record.tasks[0].id),
                "id": str(record.tasks[0].variant_id),
                "format": "webp",
                "width": 100,
                "height": 75,
                "byteSize": 1234,
                "url": f"/image/{record.tasks[0].variant_id}",
            }
        ],
    }


async def test_the_end_tells_the_jobs_tags(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox
) -> None:
    """Whoever reads the notification knows whose job it is, however it ended."""
    records = [a_record(tags={"order": str(number)}) for number in range(2)]
    await jobs.add_originals([record.original for record in records])
    for record in records:
        await jobs.add_job(record, Messages(KafkaSettings()).job_requested(record, at=NOON))
    await taken(outbox)

    await handler.handle(records_of(success_of(records[0]), failure_of(records[1], retryable=False)))

    told = {json.loads(message.value or b"")["tags"]["order"] for message in await taken(outbox)}
    assert told == {"0", "1"}


async def test_every_event_twice_changes_nothing_more(
    handler: ResultsHandler, outbox: PostgresOutbox, record: JobRecord
) -> None:
    """Delivered again, in the same batch or a later one, results announce nothing new."""
    events: list[Event] = [JobStarted(job_id=record.job.id, attempt=1), success_of(record)]

    await handler.handle(records_of(*events, *events))
    await handler.handle(records_of(*events))

    assert len(await taken(outbox)) == 1


async def test_the_first_terminal_result_wins(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord
) -> None:
    """A failure after a success is ignored."""
    await handler.handle(records_of(success_of(record), failure_of(record, retryable=False)))

    assert await state_of(record, jobs) is JobState.COMPLETED
    assert len(await taken(outbox)) == 1


async def test_a_retryable_failure_asks_again_later(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord
) -> None:
    """The next attempt's request waits in the outbox until it is due."""
    await handler.handle(records_of(failure_of(record)))

    assert await state_of(record, jobs) is JobState.PENDING
    (message,) = await taken(outbox)
    assert message.topic == "icecube.jobs"
    assert message.due_at is not None
    assert message.due_at > NOON
    request = decode(message.value)
    assert isinstance(request, JobRequested)
    assert (request.attempt, request.tasks) == (2, record.tasks)


async def test_attempts_used_up_end_in_a_dead_letter_and_a_notification(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord
) -> None:
    """The last attempt's failure is announced, and its request is kept for a person to look at."""
    await handler.handle(records_of(*(failure_of(record, attempt=attempt) for attempt in (1, 2, 3))))

    assert await state_of(record, jobs) is JobState.FAILED
    messages = {message.topic: message for message in await taken(outbox) if message.topic != "icecube.jobs"}
    told = json.loads(messages["image-jobs"].value or b"")
    assert (told["status"], told["reason"], told["code"]) == ("failed", "It broke.", "c")
    found = await jobs.find_job(record.job.id)
    assert found is not None
    body = json.loads(JobBody.of(found, path_of).model_dump_json())
    assert (body["status"], body["reason"], body["code"]) == ("failed", "It broke.", "c")
    dead = messages["icecube.jobs.dead"]
    assert isinstance(decode(dead.value), JobRequested)
    assert {name: dead.headers[f"icecube_{name}"] for name in ("code", "reason", "attempts")} == {
        "code": "c",
        "reason": "It broke.",
        "attempts": "3",
    }


async def test_a_job_that_kills_its_processors_is_kept_from_them(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, pool: Pool, record: JobRecord
) -> None:
    """Given up while its request is still unread on Kafka, it is to get a stop mark, in the same transaction."""
    cleanings = PostgresCleanings(pool)
    for _ in range(3):
        await handler.handle(records_of(a_start_of(record)))
    assert await cleanings.claim(10, lease=timedelta()) == []
    await handler.handle(records_of(a_start_of(record)))
    await handler.handle(records_of(a_start_of(record)))

    assert await state_of(record, jobs) is JobState.FAILED
    assert await cleanings.claim(10, lease=timedelta()) == [Cleaning(Cleaned.JOB, record.job.id, Phase.MARK)]
    assert {message.topic for message in await taken(outbox)} == {"image-jobs", "icecube.jobs.dead"}


async def test_a_start_that_is_read_again_is_counted_once(
    handler: ResultsHandler, jobs: PostgresJobStore, record: JobRecord
) -> None:
    """A consumer that dies before its offset is committed applies the same batch again, and a sound job lives."""
    batch = records_of(a_start_of(record))

    for _ in range(a_policy().starts + 1):
        await handler.handle([*batch, *batch])
    await handler.handle(records_of(success_of(record)))

    assert await state_of(record, jobs) is JobState.COMPLETED


async def test_a_bad_image_is_no_dead_letter(
    handler: ResultsHandler, outbox: PostgresOutbox, record: JobRecord
) -> None:
    """A failure that nobody can repair is announced, and that is all."""
    await handler.handle(records_of(failure_of(record, retryable=False)))

    assert [message.topic for message in await taken(outbox)] == ["image-jobs"]


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\xff\x00",
        b"[]",
        b'{"type": "JobExploded", "version": 1}',
        b'{"type": "\\u0000", "version": 1}',
        b'{"type": "' + b"x" * 20_000 + b'"}',
        b'{"type": "JobStarted", "version": 2, "jobId": "0199f3a0-8c1e-7d2a-b7a4-6c3f6a1d2e10", "attempt": 1}',
    ],
)
async def test_an_unreadable_event_is_put_aside_and_stops_nothing(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord, value: bytes | None
) -> None:
    """Garbage, and events of a future version, become dead letters byte for byte; what follows is handled."""
    await handler.handle([Record(value, topic="icecube.results", offset=7), *records_of(success_of(record))])

    assert await state_of(record, jobs) is JobState.COMPLETED
    dead, notification = await taken(outbox)
    assert (dead.topic, dead.value) == ("icecube.jobs.dead", value)
    assert dead.headers["icecube_code"] == "unreadable_event"
    assert (dead.headers["icecube_topic"], dead.headers["icecube_offset"]) == ("icecube.results", "7")
    assert dead.headers["icecube_reason"]
    assert notification.topic == "image-jobs"


async def test_a_result_that_the_database_cannot_hold_is_put_aside_and_stops_nothing(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, hashed: JobRecord
) -> None:
    """A well-formed event may still say what no column takes: it changes nothing, and what follows is handled."""
    success = success_of(hashed).model_copy(update={"engine": "e1"})
    members = json.loads(encode(success))
    members["variants"][0]["ofALaterRelease"] = "\x00"

    await handler.handle([Record(json.dumps(members).encode()), *records_of(success)])

    assert await state_of(hashed, jobs) is JobState.COMPLETED
    first, notification = await taken(outbox)
    assert first.topic == "icecube.jobs.dead"
    assert "refuses" in first.headers["icecube_reason"]
    assert notification.topic == "image-jobs"


FORGED = {
    "no variants": {},
    "another variant": {"id": str(new_id())},
    "another task": {"taskId": str(new_id())},
    "no width": {"width": 0},
    "a negative height": {"height": -75},
    "a vast width": {"width": 10**30},
    "wider than any format": {"width": 65_536},
    "larger than asked": {"width": 101},
    "no bytes": {"byteSize": 0},
    "negative bytes": {"byteSize": -1},
    "more bytes than pixels hold": {"byteSize": 9 * 10**18},
    "another format": {"format": "png"},
    "no frames": {"frames": 0},
    "frames without end": {"frames": 10**12},
}


@pytest.mark.parametrize("changes", FORGED.values(), ids=FORGED)
async def test_a_result_that_cannot_be_the_job_s_changes_nothing(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord, changes: dict[str, Any]
) -> None:
    """Whoever may write to the topic can invent no image: it is put aside, and the job's own result is applied."""
    success = success_of(record)
    forged = json.loads(encode(success))
    forged["variants"] = [forged["variants"][0] | changes] if changes else []

    await handler.handle([Record(json.dumps(forged).encode(), topic="icecube.results", offset=7)])

    assert await state_of(record, jobs) is JobState.PENDING
    (dead,) = await taken(outbox)
    assert (dead.topic, json.loads(dead.value or b"")) == ("icecube.jobs.dead", forged)
    assert dead.headers["icecube_offset"] == "7"
    assert await jobs.find_image(UUID(changes.get("id", str(record.tasks[0].variant_id)))) is None
    await handler.handle(records_of(success))
    assert await state_of(record, jobs) is JobState.COMPLETED


@pytest.mark.parametrize("twice", [True, False], ids=["one twice", "one missing"])
async def test_a_result_names_each_variant_once(
    handler: ResultsHandler, jobs: PostgresJobStore, hashed: JobRecord, *, twice: bool
) -> None:
    """A job of two tasks is not done with one of them, told once or twice."""
    variants = success_of(hashed).variants
    told = (variants[0], variants[0]) if twice else variants[:1]

    await handler.handle(records_of(success_of(hashed).model_copy(update={"variants": told})))

    assert await state_of(hashed, jobs) is JobState.PENDING


async def test_what_a_later_release_asks_for_is_not_judged(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox
) -> None:
    """Beside an option that is not known here, format and size may mean something else; the ids still count."""
    options = TaskOptions({"format": "webp", "maxDimension": 100, "enlargeTwice": True})
    record = a_record(tasks=(a_task().model_copy(update={"options": options}),))
    await jobs.add_originals([record.original])
    await jobs.add_job(record, MESSAGES.job_requested(record, at=NOON))
    await taken(outbox)
    variant = success_of(record).variants[0].model_copy(update={"width": 200, "format": "jxl"})

    await handler.handle(records_of(success_of(record).model_copy(update={"variants": (variant,)})))

    assert await state_of(record, jobs) is JobState.COMPLETED


async def test_only_who_has_a_key_can_tell_of_results(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord
) -> None:
    """Whoever knows a job's ids can neither complete it nor fail it: the API takes signed results only."""
    ours = Signatures((b"o" * 32,))
    handler, key = replace(handler, signatures=ours), str(record.job.id).encode()
    failure, success = encode(failure_of(record, retryable=False)), encode(success_of(record))
    stolen = ours.sign(key, encode(a_start_of(record)))

    await handler.handle([Record(failure, key=key), Record(failure, key=key, headers=to_kafka(stolen))])

    assert await state_of(record, jobs) is JobState.PENDING
    dead = await taken(outbox)
    assert [(message.topic, message.value) for message in dead] == [("icecube.jobs.dead", failure)] * 2
    assert dead[1].headers["icecube_signature"] == stolen["icecube_signature"]  # kept for a replay
    await handler.handle([Record(success, key=key, headers=to_kafka(ours.sign(key, success)))])
    assert await state_of(record, jobs) is JobState.COMPLETED


async def test_a_result_of_an_unknown_job_is_ignored(handler: ResultsHandler, outbox: PostgresOutbox) -> None:
    """Somebody else's job, or one long gone, does no harm."""
    await handler.handle(records_of(JobStarted(job_id=new_id(), attempt=1)))

    assert await taken(outbox) == []


@pytest.fixture
async def hashed(jobs: PostgresJobStore, outbox: PostgresOutbox) -> JobRecord:
    """Return a stored job of two tasks whose original's bytes are known."""
    record = a_record(original=an_image(sha256=b"h" * 32), tasks=(a_task(quality=70), a_task(quality=71)))
    await jobs.add_originals([record.original])
    await jobs.add_job(record, MESSAGES.job_requested(record, at=NOON))
    await taken(outbox)
    return record


def works_of(record: JobRecord) -> list[bytes]:
    """Return the names of the job's works."""
    return [work for task in record.tasks if (work := reuse_key(record.original, task.options))]


async def test_what_was_made_is_remembered_and_copies_are_not(
    handler: ResultsHandler, jobs: PostgresJobStore, hashed: JobRecord
) -> None:
    """The next job for the same bytes and options is offered what an engine made, not a copy of a copy."""
    made, copied = works_of(hashed)
    success = success_of(hashed).model_copy(update={"engine": "e1", "reused": (hashed.tasks[1].variant_id,)})

    await handler.handle(records_of(success))

    offered = await jobs.find_reusable([made, copied])
    assert {work: (one.variant.id, one.engine) for work, one in offered.items()} == {
        made: (hashed.tasks[0].variant_id, "e1")
    }


@pytest.mark.parametrize("reuse", [True, False], ids=["an older processor", "switched off"])
async def test_nothing_is_remembered_where_nothing_may_be_reused(
    jobs: PostgresJobStore, hashed: JobRecord, *, reuse: bool
) -> None:
    """A processor that does not tell its engine, or a setting, keeps variants from being offered."""
    handler = ResultsHandler(jobs, MESSAGES, a_policy(), lambda: NOON, Reuse.OWN if reuse else Reuse.NOBODYS)
    success = success_of(hashed).model_copy(update={"engine": None if reuse else "e1"})

    await handler.handle(records_of(success))

    assert await jobs.find_reusable(works_of(hashed)) == {}


@pytest.mark.parametrize("keys", [(), (b"k" * 32,)], ids=["plain", "signed"])
async def test_the_end_tells_where_its_variants_are(
    jobs: PostgresJobStore, record: JobRecord, outbox: PostgresOutbox, keys: tuple[bytes, ...]
) -> None:
    """Consumers of the completion topic can download without a key where URLs are signed."""
    urls = ImageUrls(keys, "https://images.example")
    handler = ResultsHandler(jobs, Messages(MESSAGES.topics, urls), a_policy(), lambda: NOON)

    await handler.handle(records_of(success_of(record)))

    (notification,) = await taken(outbox)
    (variant,) = json.loads(notification.value or b"")["variants"]
    assert variant["url"] == urls.of(record.tasks[0].variant_id, at=NOON)
    assert ("signature=" in variant["url"]) is bool(keys)
