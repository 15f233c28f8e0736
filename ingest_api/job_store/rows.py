"""Converts between PostgreSQL's rows and our values."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter, ValidationError

from common.events import FinishedVariant, RequestedTask, ReusableVariant
from ingest_api.domain.cleaning import Cleaned, Phase
from ingest_api.domain.job import Job, JobState, TaskEnd
from ingest_api.domain.priority import Priority, priority_of
from ingest_api.domain.tags import Tags
from ingest_api.job_store import JobRecord, OutboxMessage, Publication, StoredImage, UnreadableJobError

_STATES: Mapping[str, JobState] = {state.value: state for state in JobState}
_TASKS = TypeAdapter(tuple[RequestedTask, ...])

Columns = list[list[Any]]
"""Arguments of a set-based statement: one array per column."""


def image_columns(images: Collection[StoredImage]) -> Columns:
    """Return the arguments of insert_images."""
    return [
        [image.id for image in images],
        [image.original_id for image in images],
        [image.original_name for image in images],
        [image.format for image in images],
        [image.width for image in images],
        [image.height for image in images],
        [image.byte_size for image in images],
        [image.created_at for image in images],
        [image.sha256 for image in images],
        [image.owner for image in images],
        [image.sent_name for image in images],
        [image.expires_at for image in images],
        [encode_tags(image.tags) for image in images],
    ]


def job_columns(jobs: Collection[Job]) -> Columns:
    """Return the arguments of update_jobs."""
    return [
        [job.id for job in jobs],
        [job.state for job in jobs],
        [job.attempt for job in jobs],
        [job.starts for job in jobs],
        [f"{{{','.join(map(str, job.counted_starts))}}}" for job in jobs],  # unnest takes no arrays of arrays apart
        [job.code for job in jobs],
        [job.reason for job in jobs],
        [job.due_at for job in jobs],
        [job.ended_at for job in jobs],
        [job.started_at for job in jobs],
        [job.sequence for job in jobs],
        [encode_task_ends(job.task_ends) for job in jobs],
    ]


def new_job_columns(jobs: Collection[tuple[JobRecord, OutboxMessage]]) -> Columns:
    """Return the arguments of insert_jobs: jobs and their requests."""
    return [
        [record.job.id for record, _ in jobs],
        [record.original.id for record, _ in jobs],
        [encode_tasks(record.tasks) for record, _ in jobs],
        [record.created_at for record, _ in jobs],
        [record.retry_of for record, _ in jobs],
        [record.variants_expire_seconds for record, _ in jobs],
        *message_columns([message for _, message in jobs])[:-1],  # the last names the job, which is known
        [encode_tags(record.tags) for record, _ in jobs],
        [record.priority for record, _ in jobs],
        [record.batch_id for record, _ in jobs],
    ]


def message_columns(messages: Sequence[OutboxMessage]) -> Columns:
    """Return the arguments of insert_messages."""
    return [
        [message.topic for message in messages],
        [message.key for message in messages],
        [message.value for message in messages],
        [json.dumps(message.headers) for message in messages],
        [message.due_at for message in messages],
        [message.request_of for message in messages],
    ]


def publication_columns(publications: Sequence[Publication]) -> Columns:
    """Return the arguments of settle_messages that concern jobs."""
    return [
        [publication.job_id for publication in publications],
        [publication.partition for publication in publications],
        [publication.offset for publication in publications],
        [publication.topic for publication in publications],
    ]


def reusable_columns(reusable: Mapping[bytes, ReusableVariant]) -> Columns:
    """Return the arguments of upsert_reusable."""
    return [list(reusable), [variant.model_dump_json(exclude_none=True) for variant in reusable.values()]]


def cleaning_columns(cleanings: Mapping[tuple[Cleaned, UUID], Phase]) -> Columns:
    """Return the arguments of insert_cleanings."""
    return [[what for what, _ in cleanings], [cleaned_id for _, cleaned_id in cleanings], list(cleanings.values())]


def encode_tasks(tasks: tuple[RequestedTask, ...]) -> str:
    """Return *tasks* as the jobs table stores them."""
    return _TASKS.dump_json(tasks, exclude_none=True).decode()


def encode_tags(tags: Tags) -> str | None:
    """Return *tags* as images, jobs and batches store them."""
    return json.dumps(dict(tags), ensure_ascii=False) if tags else None


def tags_from(stored: str | None) -> dict[str, str]:
    """Return the tags in a column of that kind."""
    return json.loads(stored) if stored else {}


def encode_task_ends(ends: Mapping[UUID, TaskEnd]) -> str:
    """Return *ends* as the jobs table stores them."""
    told = {str(task): {"status": end.status, "code": end.code, "reason": end.reason} for task, end in ends.items()}
    return json.dumps({task: {name: text for name, text in end.items() if text} for task, end in told.items()})


def _task_ends(stored: str) -> dict[UUID, TaskEnd]:
    if stored == "{}":
        return {}
    return {
        UUID(task): TaskEnd(_STATES.get(end["status"], end["status"]), end.get("code"), end.get("reason"))
        for task, end in json.loads(stored).items()
    }


def variant_from(row: asyncpg.Record) -> FinishedVariant:
    """Return the variant in a row of find_variants."""
    return FinishedVariant(
        task_id=row["task_id"],
        id=row["id"],
        format=row["format"],
        width=row["width"],
        height=row["height"],
        byte_size=row["byte_size"],
    )


def image_from(row: asyncpg.Record) -> StoredImage:
    """Return the image in a row of find_image."""
    return StoredImage(**{**row, "tags": tags_from(row["tags"])})


def message_from(row: asyncpg.Record) -> OutboxMessage:
    """Return the message in a row of claim_messages."""
    return OutboxMessage(
        topic=row["topic"],
        key=row["key"],
        value=row["value"],
        headers=json.loads(row["headers"]),
        due_at=row["due_at"],
        request_of=row["request_of"],
    )


def reusable_from(row: asyncpg.Record) -> ReusableVariant | None:
    """Return the variant in a row of find_reusable; None if this release cannot read it."""
    try:
        return ReusableVariant.model_validate_json(row["variant"])
    except ValidationError:
        return None


def publication_from(row: asyncpg.Record) -> Publication:
    """Return the place in Kafka in a row of find_jobs or unanswered_jobs."""
    return Publication(
        job_id=row["id"],
        partition=row["published_partition"],
        offset=row["published_offset"],
        topic=row["published_topic"],
        is_bulk=priority_of(row["priority"]) is Priority.BULK,
    )


def record_from(row: asyncpg.Record) -> JobRecord:
    """Return the job in a row of find_jobs; raise `UnreadableJobError`."""
    try:
        tasks = _TASKS.validate_json(row["tasks"])
    except ValidationError as exc:
        raise UnreadableJobError(row["id"], f"its tasks: {exc.errors(include_url=False)[0]['msg']}") from exc
    return JobRecord(
        job=Job(
            id=row["id"],
            state=_STATES.get(row["state"], row["state"]),
            attempt=row["attempt"],
            starts=row["starts"],
            counted_starts=tuple(row["counted_starts"]),
            code=row["code"],
            reason=row["reason"],
            due_at=row["due_at"],
            ended_at=row["ended_at"],
            started_at=row["started_at"],
            sequence=row["sequence"],
            task_ends=_task_ends(row["task_ends"]),
        ),
        original=StoredImage(
            id=row["image_id"],
            original_id=row["original_id"],
            original_name=row["original_name"],
            format=row["format"],
            width=row["width"],
            height=row["height"],
            byte_size=row["byte_size"],
            created_at=row["image_created_at"],
            sha256=row["sha256"],
            owner=row["owner"],
            sent_name=row["sent_name"],
            expires_at=row["expires_at"],
            tags=tags_from(row["image_tags"]),
        ),
        tasks=tasks,
        created_at=row["created_at"],
        publication=publication_from(row) if row["published_at"] else None,
        retry_of=row["retry_of"],
        variants_expire_seconds=row["variants_expire_seconds"],
        is_original_deleted=row["deleted_at"] is not None,
        tags=tags_from(row["tags"]),
        priority=priority_of(row["priority"]),
        batch_id=row["batch_id"],
    )


def readable_or_not(rows: Iterable[asyncpg.Record]) -> dict[UUID, JobRecord | UnreadableJobError]:
    """Return the job of each row of find_jobs; one that cannot be read affects no other."""
    found: dict[UUID, JobRecord | UnreadableJobError] = {}
    for row in rows:
        try:
            found[row["id"]] = record_from(row)
        except UnreadableJobError as exc:
            found[row["id"]] = exc
    return found
