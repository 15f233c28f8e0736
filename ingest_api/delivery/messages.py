"""The Kafka records that the API's side writes, each built in one place."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from common.events import FinishedVariant, JobNotification, JobRequested, OriginalImage, encode
from common.ids import derived_id
from common.kafka.clients import ConsumedRecord
from common.kafka.dead_letters import bounded, dead_letter_headers, unreadable_headers
from common.kafka.headers import Headers, event_headers
from common.settings.groups import KafkaSettings
from ingest_api.domain.job import JobState
from ingest_api.job_store import JobRecord, OutboxMessage, StoredImage

_SOURCE = "/icecube/api"
_ENDED: dict[JobState, Literal["completed", "failed"]] = {JobState.COMPLETED: "completed", JobState.FAILED: "failed"}


@dataclass(frozen=True, slots=True)
class Messages:
    """Builds records for the topics in *topics*, with the trace that is current when it is called."""

    topics: KafkaSettings

    def job_requested(self, record: JobRecord, *, at: datetime) -> OutboxMessage:
        """Ask the processors for the job's current attempt, when it is due."""
        return OutboxMessage(
            topic=self.topics.jobs_topic,
            key=str(record.job.id).encode(),
            value=encode(request_of(record)),
            headers=_headers("JobRequested", record.job.id, record.job.attempt, at=at),
            due_at=record.job.due_at,
            request_of=record.job.id,
        )

    def job_ended(self, record: JobRecord, variants: tuple[FinishedVariant, ...], *, at: datetime) -> OutboxMessage:
        """Tell the world how a job has ended."""
        notification = JobNotification(
            job_id=record.job.id,
            status=_ENDED[record.job.state],
            original_id=record.original.id,
            reason=record.job.reason,
            timestamp=at,
            variants=variants,
        )
        return OutboxMessage(
            topic=self.topics.topic,
            key=str(record.job.id).encode(),
            value=encode(notification),
            headers=_headers("JobEnded", record.job.id, at=at),
        )

    def given_up(self, record: JobRecord, *, at: datetime) -> OutboxMessage:
        """Put the request of a job whose attempts are used up aside, for a person to look at."""
        return OutboxMessage(
            topic=self.topics.dead_topic,
            key=str(record.job.id).encode(),
            value=encode(request_of(record)),
            headers=_headers("JobGivenUp", record.job.id, at=at)
            | dead_letter_headers(
                code=record.job.code or "",
                reason=record.job.reason or "",
                attempts=record.job.attempt,
                topic=self.topics.jobs_topic,
            ),
        )

    def unreadable(self, record: ConsumedRecord, reason: str, *, at: datetime) -> OutboxMessage:
        """Put a record that is no event of ours aside, byte for byte where it is not too large for that."""
        key, value = bounded(record)
        return OutboxMessage(
            topic=self.topics.dead_topic,
            key=key,
            value=value,
            headers=unreadable_headers(record, reason, source=_SOURCE, at=at),
        )


def request_of(record: JobRecord) -> JobRequested:
    """Return the event that asks for the job's current attempt."""
    return JobRequested(
        job_id=record.job.id,
        attempt=record.job.attempt,
        original=_original(record.original),
        tasks=record.tasks,
    )


def _original(image: StoredImage) -> OriginalImage:
    return OriginalImage(
        id=image.id,
        format=image.format,
        width=image.width,
        height=image.height,
        byte_size=image.byte_size,
        name=image.original_name,
    )


def _headers(event_type: str, job_id: UUID, *parts: object, at: datetime) -> Headers:
    event_id = derived_id(event_type, job_id, *parts)
    return event_headers(event_id=event_id, event_type=event_type, source=_SOURCE, subject=job_id, at=at)
