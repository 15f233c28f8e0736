"""An API of this release reads rows and results of the next one."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from common.events import JobFailed, JobRequested, JobStarted, decode
from common.ids import new_id
from common.options.tasks import TaskOptions
from common.settings.groups import DeliverySettings, KafkaSettings, LimitsSettings
from ingest_api.delivery.kafka_log import PartitionView
from ingest_api.delivery.reconciler import Reconciler
from ingest_api.delivery.results import ResultsHandler
from ingest_api.delivery.reuse import reuse_key
from ingest_api.domain.caller import ANYBODY
from ingest_api.domain.job import JobState
from ingest_api.intake.job_request import JobRequest
from ingest_api.intake.jobs import JobIntake
from ingest_api.job_store import JobRecord, OutboxMessage, Publication, UnreadableJobError
from ingest_api.job_store.connecting import Pool
from ingest_api.job_store.outbox import PostgresOutbox
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.messages import Messages
from ingest_api.upkeep.dead_letters import DeadLetter, Replay
from ingest_api.web.routes.bodies import ImageBody, JobBody
from tests.doubles.kafka import Record, RecordingProducer, StandingLog
from tests.factories.jobs import NOON, a_policy, a_record, a_task, an_image, path_of
from tests.integration.next_release.written_later import OPTIONS, encoded, written_with_options

TOPICS = KafkaSettings()
MESSAGES = Messages(TOPICS)
NEXT_SCHEMA = """
    ALTER TABLE jobs DROP CONSTRAINT jobs_state_check, DROP CONSTRAINT ended_jobs_have_a_time;
    ALTER TABLE jobs ADD COLUMN shelf text, ADD COLUMN urgency text NOT NULL DEFAULT 'none';
    ALTER TABLE outbox ADD COLUMN lane integer NOT NULL DEFAULT 0;
    ALTER TABLE images ADD COLUMN thumbhash bytea;
"""
"""What a later migration may do while this release still runs."""


@pytest.fixture(autouse=True)
async def next_schema(pool: Pool) -> None:
    """Bring the database to the schema of the next release."""
    async with pool.acquire() as connection:
        await connection.execute(NEXT_SCHEMA)


@pytest.fixture
def handler(jobs: PostgresJobStore) -> ResultsHandler:
    """Return what applies results."""
    policy = a_policy(waits={"unsupported_option": 900})
    return ResultsHandler(jobs, MESSAGES, policy, lambda: NOON)


async def stored(jobs: PostgresJobStore, outbox: PostgresOutbox, **changes: Any) -> JobRecord:
    """Return a job whose request was sent to partition 3, offset 57."""
    record = a_record(**changes)
    await jobs.add_originals([record.original])
    await jobs.add_job(record, MESSAGES.job_requested(record, at=NOON))
    async with outbox.claim(10) as claimed:
        for position in claimed.messages:
            claimed.mark_sent(position, Publication(job_id=record.job.id, partition=3, offset=57))
    return record


async def taken(outbox: PostgresOutbox) -> list[OutboxMessage]:
    """Return what is in the outbox, due or not, and empty it."""
    async with outbox._pool.acquire() as connection:  # noqa: SLF001 - the delays are another test's
        await connection.execute("UPDATE outbox SET due_at = now()")
    async with outbox.claim(100) as claimed:
        for position in claimed.messages:
            claimed.mark_sent(position, None)
        return list(claimed.messages.values())


async def change_row(pool: Pool, record: JobRecord, assignments: str) -> None:
    """Have the next release write *assignments* into the row of a job."""
    async with pool.acquire() as connection:
        changed = await connection.execute(
            f"UPDATE jobs SET {assignments} WHERE id = $1",  # noqa: S608 - the test's own words
            record.job.id,
        )
        assert changed == "UPDATE 1"


def success_of(record: JobRecord, **changes: Any) -> Record:
    """Return what a processor of the next release reports: variants as asked for, and more of each."""
    variants = [
        {
            "taskId": str(task.id),
            "id": str(task.variant_id),
            "format": task.options.root["format"],
            "width": 100,
            "height": 75,
            "byteSize": 1234,
            "thumbhash": "3OcRJYB4d3h/iIeHeEh3eIhw+j3A",
        }
        for task in record.tasks
    ]
    event = {"type": "JobSucceeded", "version": 1, "jobId": str(record.job.id), "attempt": 1, "variants": variants}
    return Record(encoded({**event, "engine": "e2", "seconds": 0.5, **changes}), topic="icecube.results")


async def test_a_job_keeps_what_is_asked_through_retries(
    jobs: PostgresJobStore, outbox: PostgresOutbox, handler: ResultsHandler
) -> None:
    """Read from its row and asked for again, a job has lost no option, whatever it means."""
    task = a_task().model_copy(update={"options": TaskOptions(OPTIONS)})
    later = type(task).model_validate_json(task.model_dump_json()[:-1] + ',"name":"hero"}')
    record = await stored(jobs, outbox, tasks=(later,))
    failure = JobFailed(job_id=record.job.id, attempt=1, code="unsupported_option", reason="It cannot.", retryable=True)

    await handler.handle([Record(encoded(json.loads(failure.model_dump_json())))])

    (request,) = await taken(outbox)
    (asked,) = json.loads(request.value or b"")["tasks"]
    assert (asked["options"], asked["name"]) == (OPTIONS, "hero")
    waiting = await jobs.find_job(record.job.id)
    assert waiting is not None
    assert waiting.job.due_at is not None
    assert timedelta(seconds=450) <= waiting.job.due_at - NOON <= timedelta(seconds=900)


async def test_a_job_with_later_options_is_shown_as_it_was_asked_for(
    jobs: PostgresJobStore, outbox: PostgresOutbox
) -> None:
    """Its body has every option."""
    task = a_task().model_copy(update={"options": TaskOptions(OPTIONS)})
    record = await stored(jobs, outbox, tasks=(task,))

    found = await jobs.find_job(record.job.id)

    assert found is not None
    assert json.loads(JobBody.of(found, path_of).model_dump_json())["tasks"][0]["options"] == OPTIONS


async def test_a_variant_of_an_unknown_format_ends_its_job(
    jobs: PostgresJobStore, outbox: PostgresOutbox, handler: ResultsHandler
) -> None:
    """The variant can be described, and what is known of it later reaches the notification."""
    task = a_task().model_copy(update={"options": TaskOptions({"format": "jxl"})})
    record = await stored(jobs, outbox, tasks=(task,))

    await handler.handle([success_of(record)])

    found = await jobs.find_job(record.job.id)
    variant = await jobs.find_image(record.tasks[0].variant_id)
    assert found is not None
    assert variant is not None
    assert found.job.state is JobState.COMPLETED
    assert json.loads(ImageBody.of(variant, path_of(variant.id)).model_dump_json())["format"] == "jxl"
    (notification,) = await taken(outbox)
    (told,) = json.loads(notification.value or b"")["variants"]
    assert (told["format"], told["thumbhash"]) == ("jxl", "3OcRJYB4d3h/iIeHeEh3eIhw+j3A")


async def test_an_ended_job_in_an_unknown_state_stays_as_it_is(
    jobs: PostgresJobStore, outbox: PostgresOutbox, pool: Pool, handler: ResultsHandler
) -> None:
    """It is shown, results of it come too late, it is not asked for again, and other jobs go on."""
    cancelled, other = await stored(jobs, outbox), await stored(jobs, outbox)
    await change_row(pool, cancelled, "state = 'cancelled', ended_at = now()")

    await handler.handle([success_of(cancelled), success_of(other)])

    found, done = await jobs.find_job(cancelled.job.id), await jobs.find_job(other.job.id)
    assert found is not None
    assert done is not None
    assert json.loads(JobBody.of(found, path_of).model_dump_json())["status"] == "cancelled"
    assert done.job.state is JobState.COMPLETED
    assert {message.key for message in await taken(outbox)} == {str(other.job.id).encode()}
    assert await reconciled(jobs) == 0


async def test_an_unfinished_job_in_an_unknown_state_still_ends(
    jobs: PostgresJobStore, outbox: PostgresOutbox, pool: Pool, handler: ResultsHandler
) -> None:
    """What was accepted ends, once: this release moves such a job on as if it were processing."""
    record = await stored(jobs, outbox)
    await change_row(pool, record, "state = 'paused'")
    assert (await jobs.backlog()).processing == 1

    start = JobStarted(job_id=record.job.id, attempt=1, start_id=new_id())
    await handler.handle([Record(start.model_dump_json().encode()), success_of(record), success_of(record)])

    found = await jobs.find_job(record.job.id)
    assert found is not None
    assert found.job.state is JobState.COMPLETED
    assert len(await taken(outbox)) == 1


@pytest.mark.parametrize("tasks", ['[{"kind": "collage"}]', "[7]"])
async def test_a_job_that_cannot_be_read_is_put_aside(
    jobs: PostgresJobStore,
    outbox: PostgresOutbox,
    pool: Pool,
    handler: ResultsHandler,
    tasks: str,
) -> None:
    """Its results become dead letters that say why, however often they come; other jobs go on."""
    unreadable, other = await stored(jobs, outbox), await stored(jobs, outbox)
    await change_row(pool, unreadable, f"tasks = '{tasks}'")

    await handler.handle([success_of(unreadable), success_of(other)])

    dead, notification = await taken(outbox)
    assert (dead.topic, dead.headers["icecube_code"]) == ("icecube.jobs.dead", "unreadable_job")
    assert str(unreadable.job.id) in dead.headers["icecube_reason"]
    assert dead.value == success_of(unreadable).value
    assert notification.key == str(other.job.id).encode()
    with pytest.raises(UnreadableJobError):
        await jobs.find_job(unreadable.job.id)
    assert await jobs.find_job(other.job.id) is not None
    assert await reconciled(jobs) == 0
    assert await taken(outbox) == []


@pytest.mark.parametrize("changes", [{"type": "JobExploded"}, {"version": 2}, {"attempt": "second"}])
async def test_a_result_of_an_unknown_kind_is_put_aside(
    jobs: PostgresJobStore, outbox: PostgresOutbox, handler: ResultsHandler, changes: dict[str, Any]
) -> None:
    """It stops nothing: what follows in the same batch is applied."""
    record = await stored(jobs, outbox)

    await handler.handle([success_of(record, **changes), success_of(record)])

    dead, notification = await taken(outbox)
    assert (dead.topic, dead.headers["icecube_code"]) == ("icecube.jobs.dead", "unreadable_event")
    assert notification.topic == "image-jobs"


async def test_a_result_whose_application_fails_is_put_aside(jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """A mistake of ours over one result must not hold back all others for ever."""
    poisoned, other = await stored(jobs, outbox), await stored(jobs, outbox)
    handler = ResultsHandler(jobs, MessagesThatFail(TOPICS, poisoned=poisoned.job.id), a_policy(), lambda: NOON)

    await handler.handle([success_of(other), success_of(poisoned)])

    by_topic = {message.topic: message for message in await taken(outbox)}
    assert by_topic["image-jobs"].key == str(other.job.id).encode()
    assert by_topic["icecube.jobs.dead"].value == success_of(poisoned).value
    found = await jobs.find_job(poisoned.job.id)
    assert found is not None
    assert not found.job.has_ended


async def test_work_that_cannot_be_read_is_done_again(jobs: PostgresJobStore, pool: Pool) -> None:
    """A remembered variant of another make keeps nobody from asking for the same."""
    original = an_image(sha256=b"h" * 32)
    await jobs.add_originals([original])
    intake = JobIntake(jobs, MESSAGES, LimitsSettings(), lambda: NOON)
    key = reuse_key(original, TaskOptions({"format": "webp"}))
    async with pool.acquire() as connection:
        await connection.execute("INSERT INTO reusable_variants (work, variant) VALUES ($1, '{\"later\": 1}')", key)

    record = await intake.accept(
        JobRequest(original_id=original.id, options=[TaskOptions({"format": "webp"})]), caller=ANYBODY
    )

    assert record.tasks[0].reusable is None


async def test_a_dead_letter_is_replayed_with_every_option(jobs: PostgresJobStore, outbox: PostgresOutbox) -> None:
    """What no processor could do yet is asked for again as it was."""
    original = an_image(format="heic")
    await jobs.add_originals([original])
    event = written_with_options({**OPTIONS})
    event["original"] |= {"id": str(original.id), "format": "heic"}
    letter = DeadLetter(0, 0, NOON, None, encoded(event), {}, was_replayed=False)
    intake = JobIntake(jobs, MESSAGES, LimitsSettings(), lambda: NOON)

    await Replay(intake, RecordingProducer(), TOPICS).of(letter)

    (request,) = await taken(outbox)
    asked = decode(request.value)
    assert isinstance(asked, JobRequested)
    assert asked.tasks[0].options == TaskOptions(OPTIONS)


@dataclass(frozen=True, kw_only=True)
class MessagesThatFail(Messages):
    """Cannot tell of the end of one job."""

    poisoned: UUID

    def of_end(self, record: JobRecord, *, at: datetime) -> list[OutboxMessage]:
        """Tell of the end of any other."""
        if record.job.id == self.poisoned:
            raise ZeroDivisionError
        return super().of_end(record, at=at)


async def reconciled(jobs: PostgresJobStore) -> int:
    """Return how many jobs are asked for again when all requests are past and all results are in."""
    log = StandingLog(
        {
            TOPICS.jobs_topic: {3: PartitionView(first=0, end=100, committed=58)},
            TOPICS.results_topic: {0: PartitionView(first=0, end=9, committed=9)},
        }
    )
    pace = DeliverySettings(reconcile_seconds=0.3)
    tomorrow = datetime.now(UTC) + timedelta(hours=1)
    return await Reconciler(jobs, MESSAGES, TOPICS, pace, lambda: tomorrow, lambda: None).reconcile(log)
