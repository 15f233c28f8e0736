"""Tasks that end one by one, on a real PostgreSQL."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from common.events import (
    Event,
    JobFailed,
    JobProgressed,
    JobRequested,
    JobStarted,
    JobSucceeded,
    TaskOutcome,
    decode,
    encode,
)
from common.ids import new_id
from common.settings.groups import KafkaSettings
from ingest_api.delivery.results import ResultsHandler
from ingest_api.delivery.reuse import reuse_key
from ingest_api.domain.cleaning import Cleaned, Cleaning, Phase
from ingest_api.job_store import JobRecord
from ingest_api.job_store.cleanings import PostgresCleanings
from ingest_api.job_store.connecting import Pool
from ingest_api.job_store.outbox import PostgresOutbox
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.cancelling import Cancellation
from ingest_api.life_cycle.messages import Messages
from ingest_api.web.routes.bodies import JobBody
from tests.doubles.kafka import Record
from tests.factories.jobs import NOON, a_policy, a_record, a_task, an_image, path_of, the_variants_of
from tests.integration.test_results import taken

MESSAGES = Messages(KafkaSettings())


@pytest.fixture
def handler(jobs: PostgresJobStore) -> ResultsHandler:
    """Return what applies results."""
    return ResultsHandler(jobs, MESSAGES, a_policy(), lambda: NOON)


@pytest.fixture
async def record(jobs: PostgresJobStore, outbox: PostgresOutbox) -> JobRecord:
    """Return a stored job of three tasks, its request sent."""
    record = a_record(original=an_image(sha256=b"h" * 32), tasks=(a_task(), a_task(quality=5), a_task(quality=6)))
    await jobs.add_originals([record.original])
    await jobs.add_job(record, MESSAGES.job_requested(record, at=NOON))
    await taken(outbox)
    return record


def records_of(*events: Event) -> Sequence[Record]:
    """Return *events* as they come from Kafka."""
    return [Record(encode(event)) for event in events]


def made(record: JobRecord, place: int) -> TaskOutcome:
    """Return the outcome of a task that has its variant."""
    variant = the_variants_of(record.tasks)[place]
    return TaskOutcome(task_id=variant.task_id, status="completed", variant=variant)


def refused(record: JobRecord, place: int) -> TaskOutcome:
    """Return the outcome of a task that can never have one."""
    reason = f"Task {place} is too large."
    return TaskOutcome(task_id=record.tasks[place].id, status="failed", code="variant_too_large", reason=reason)


def progress(record: JobRecord, *outcomes: TaskOutcome, attempt: int = 1) -> JobProgressed:
    """Return what a processor tells while it works."""
    return JobProgressed(job_id=record.job.id, attempt=attempt, tasks=outcomes, engine="e")


def failure(record: JobRecord, *outcomes: TaskOutcome, attempt: int = 1, retryable: bool = False) -> JobFailed:
    """Return what a processor tells at the end of an attempt that did not make all."""
    return JobFailed(
        job_id=record.job.id,
        attempt=attempt,
        code="worker_crashed" if retryable else "variant_too_large",
        reason="It crashed." if retryable else "It is too large.",
        retryable=retryable,
        tasks=outcomes,
        engine="e",
    )


async def body_of(jobs: PostgresJobStore, record: JobRecord) -> dict[str, Any]:
    """Return the job as clients see it."""
    found = await jobs.find_job(record.job.id)
    assert found is not None
    body: dict[str, Any] = json.loads(JobBody.of(found, path_of).model_dump_json())
    return body


async def notifications(outbox: PostgresOutbox) -> list[Any]:
    """Return what was announced on the completion topic: status, code, and the ids of the variants."""
    told = [json.loads(message.value or b"") for message in await taken(outbox) if message.topic == "image-jobs"]
    return [(one["status"], one.get("code"), [variant["id"] for variant in one["variants"]]) for one in told]


def ids_of(record: JobRecord, *places: int) -> list[str]:
    """Return the ids of variants."""
    return [str(record.tasks[place].variant_id) for place in places]


async def test_progress_is_seen_while_the_job_runs(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord
) -> None:
    """Each task has its own status, and a variant can be downloaded before the job has ended; nothing is announced."""
    start = JobStarted(job_id=record.job.id, attempt=1, start_id=new_id())

    await handler.handle(records_of(start, progress(record, made(record, 1)), progress(record, refused(record, 2))))

    body = await body_of(jobs, record)
    first, second, third = body["tasks"]
    assert body["status"] == "processing"
    assert (first["status"], first["variantID"]) == ("processing", None)
    assert first.keys().isdisjoint({"variant", "url", "code", "reason"})
    variant_id = ids_of(record, 1)[0]
    assert (second["status"], second["variantID"]) == ("completed", variant_id)
    assert second["variant"] == {
        "id": variant_id,
        "format": "webp",
        "width": 100,
        "height": 75,
        "byteSize": 1234,
        "url": f"/image/{variant_id}",
    }
    assert (third["status"], third["code"], third["reason"]) == (
        "failed",
        "variant_too_large",
        "Task 2 is too large.",
    )
    assert await jobs.find_image(record.tasks[1].variant_id) is not None
    assert await taken(outbox) == []


async def test_a_job_is_completed_when_all_its_tasks_are(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord
) -> None:
    """Whoever told of them, in whatever order; the announcement names all variants in the order of the tasks."""
    await handler.handle(records_of(progress(record, made(record, 2)), progress(record, made(record, 0))))
    await handler.handle(records_of(progress(record, made(record, 1))))

    assert (await body_of(jobs, record))["status"] == "completed"
    assert await notifications(outbox) == [("completed", None, ids_of(record, 0, 1, 2))]


async def test_a_partly_failed_job_keeps_and_announces_its_variants(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord, pool: Pool
) -> None:
    """It failed for the reason of the first task that did; what was made is listed, offered again, and not swept."""
    await handler.handle(records_of(failure(record, made(record, 0), refused(record, 1), made(record, 2))))

    body = await body_of(jobs, record)
    assert (body["status"], body["code"], body["reason"]) == ("failed", "variant_too_large", "Task 1 is too large.")
    assert [task["status"] for task in body["tasks"]] == ["completed", "failed", "completed"]
    assert await notifications(outbox) == [("failed", "variant_too_large", ids_of(record, 0, 2))]
    works = [reuse_key(record.original, task.options) for task in record.tasks]
    found = await jobs.find_reusable([work for work in works if work])
    assert {one.variant.id for one in found.values()} == {record.tasks[0].variant_id, record.tasks[2].variant_id}
    left = await PostgresCleanings(pool).blobs_to_sweep(Cleaning(Cleaned.JOB, record.job.id, Phase.SWEEP))
    assert list(left) == [record.tasks[1].variant_id]


async def test_the_next_attempt_is_for_what_is_missing(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord
) -> None:
    """What was made stays made, and a success of the rest completes the job."""
    await handler.handle(records_of(failure(record, made(record, 0), retryable=True)))
    (message,) = await taken(outbox)
    request = decode(message.value)
    assert isinstance(request, JobRequested)
    assert (request.attempt, request.tasks, request.progress) == (2, record.tasks[1:], True)

    rest = the_variants_of(record.tasks)[1:]
    await handler.handle(records_of(JobSucceeded(job_id=record.job.id, attempt=2, variants=rest, engine="e")))

    assert (await body_of(jobs, record))["status"] == "completed"
    assert await notifications(outbox) == [("completed", None, ids_of(record, 0, 1, 2))]


async def test_attempts_used_up_fail_what_is_open(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord
) -> None:
    """The variants of earlier attempts are announced with the failure."""
    for attempt in (1, 2, 3):
        await handler.handle(records_of(failure(record, made(record, attempt - 1), attempt=attempt, retryable=True)))
        if attempt == 2:
            break
    await taken(outbox)
    await handler.handle(records_of(failure(record, attempt=3, retryable=True)))

    body = await body_of(jobs, record)
    assert (body["status"], body["code"]) == ("failed", "worker_crashed")
    assert [task["status"] for task in body["tasks"]] == ["completed", "completed", "failed"]
    assert await notifications(outbox) == [("failed", "worker_crashed", ids_of(record, 0, 1))]


async def test_a_task_ends_once(handler: ResultsHandler, jobs: PostgresJobStore, record: JobRecord) -> None:
    """What is told of it later, by anybody, adds no row and changes no status."""
    await handler.handle(records_of(progress(record, refused(record, 0), made(record, 1))))

    await handler.handle(records_of(progress(record, made(record, 0), refused(record, 1))))

    body = await body_of(jobs, record)
    assert [task["status"] for task in body["tasks"]] == ["failed", "completed", "pending"]
    assert await jobs.find_image(record.tasks[0].variant_id) is None


async def test_every_event_twice_changes_nothing_more(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord
) -> None:
    """In one batch, in a later one, and after the end."""
    events: list[Event] = [
        progress(record, made(record, 0)),
        failure(record, made(record, 0), refused(record, 1), made(record, 2)),
    ]

    await handler.handle(records_of(*events, *events))
    before = await jobs.find_job(record.job.id)
    await handler.handle(records_of(*events))

    assert await jobs.find_job(record.job.id) == before
    assert len(await notifications(outbox)) == 1


async def test_a_variant_counts_from_any_attempt_and_a_failure_from_its_own(
    handler: ResultsHandler, jobs: PostgresJobStore, record: JobRecord
) -> None:
    """A late answer of the first attempt: its variant is stored, its refusal may have been overcome."""
    await handler.handle(records_of(failure(record, retryable=True)))

    await handler.handle(records_of(progress(record, made(record, 0), refused(record, 1))))

    assert [task["status"] for task in (await body_of(jobs, record))["tasks"]] == ["completed", "pending", "pending"]


async def test_a_status_of_a_later_release_leaves_the_task_open(
    handler: ResultsHandler, jobs: PostgresJobStore, record: JobRecord
) -> None:
    """Its closing result decides."""
    later = TaskOutcome(task_id=record.tasks[0].id, status="skipped")

    await handler.handle(records_of(progress(record, later)))

    assert (await body_of(jobs, record))["tasks"][0]["status"] == "pending"


@pytest.mark.parametrize("forgery", ["a strange id", "another task's id", "a strange size"])
async def test_progress_that_cannot_be_the_job_s_is_put_aside(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord, forgery: str
) -> None:
    """As with any result, nobody can invent an image by it."""
    true = made(record, 0)
    assert true.variant is not None
    forgeries: dict[str, dict[str, Any]] = {
        "a strange id": {"id": new_id()},
        "another task's id": {"id": record.tasks[1].variant_id},
        "a strange size": {"width": 101},
    }
    changes = forgeries[forgery]
    false = true.model_copy(update={"variant": true.variant.model_copy(update=changes)})

    await handler.handle(records_of(progress(record, false)))

    assert [message.topic for message in await taken(outbox)] == ["icecube.jobs.dead"]
    assert (await body_of(jobs, record))["tasks"][0]["status"] == "pending"


async def test_a_cancelled_job_keeps_what_was_made(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord
) -> None:
    """It is listed and announced; what comes later is not."""
    await handler.handle(records_of(progress(record, made(record, 0))))

    await Cancellation(jobs, MESSAGES, lambda: NOON).cancel(record.job.id)
    await handler.handle(records_of(progress(record, made(record, 1)), failure(record, made(record, 2))))

    body = await body_of(jobs, record)
    assert body["status"] == "cancelled"
    assert [task["status"] for task in body["tasks"]] == ["completed", "cancelled", "cancelled"]
    assert await notifications(outbox) == [("cancelled", None, ids_of(record, 0))]
    assert await jobs.find_image(record.tasks[1].variant_id) is None


async def test_an_older_success_of_all_tasks_still_ends_the_job(
    handler: ResultsHandler, jobs: PostgresJobStore, outbox: PostgresOutbox, record: JobRecord
) -> None:
    """It was requested before some of them had ended; those stay as they are."""
    await handler.handle(records_of(progress(record, made(record, 1))))

    success = JobSucceeded(job_id=record.job.id, attempt=1, variants=the_variants_of(record.tasks))
    await handler.handle(records_of(success))

    assert (await body_of(jobs, record))["status"] == "completed"
    assert await notifications(outbox) == [("completed", None, ids_of(record, 0, 1, 2))]


async def test_what_the_first_end_of_a_task_says_stays_in_its_row(
    handler: ResultsHandler, pool: Pool, record: JobRecord
) -> None:
    """Members that a later release wrote are kept when this one adds the ends of other tasks."""
    task_id = str(record.tasks[0].id)
    later = {task_id: {"status": "completed", "score": 0.9}}
    async with pool.acquire() as connection:
        await connection.execute("UPDATE jobs SET task_ends = $1 WHERE id = $2", json.dumps(later), record.job.id)

    await handler.handle(records_of(progress(record, made(record, 1))))

    async with pool.acquire() as connection:
        kept = json.loads(await connection.fetchval("SELECT task_ends FROM jobs WHERE id = $1", record.job.id))
    assert kept[task_id] == later[task_id]
    assert kept[str(record.tasks[1].id)] == {"status": "completed"}
