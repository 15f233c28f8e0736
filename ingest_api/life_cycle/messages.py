"""Builds the Kafka records that the API writes."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from common.events import (
    AnnouncedVariant,
    BatchCompleted,
    FinishedVariant,
    JobCancelled,
    JobNotification,
    JobRequested,
    OriginalImage,
    PublicEvent,
    encode,
)
from common.failure_codes import FailureCode
from common.ids import derived_id
from common.kafka.clients import ConsumedRecord
from common.kafka.dead_letters import cut_to_fit, dead_letter_headers, shorten, unreadable_headers
from common.kafka.headers import Headers, event_headers
from common.settings.groups import KafkaSettings
from ingest_api.domain.batch import Batch
from ingest_api.domain.image_urls import ImageUrls
from ingest_api.domain.job import JobState
from ingest_api.domain.priority import Priority
from ingest_api.job_store import JobRecord, OutboxMessage, StoredImage

_SOURCE = "/icecube/api"


@dataclass(frozen=True, slots=True)
class Messages:
    """Builds records for the topics in *topics*, with the caller's current trace."""

    topics: KafkaSettings
    urls: ImageUrls = field(default_factory=ImageUrls)

    def job_requested(self, record: JobRecord, *, at: datetime) -> OutboxMessage:
        """Return the request for the current attempt at the job's open tasks, to be sent when it is due."""
        return OutboxMessage(
            topic=self._topic_of(record),
            key=str(record.job.id).encode(),
            value=encode(request_of(replace(record, tasks=record.open_tasks))),
            headers=_headers("JobRequested", record.job.id, record.job.attempt, at=at),
            due_at=record.job.due_at,
            request_of=record.job.id,
        )

    def _topic_of(self, record: JobRecord) -> str:
        return self.topics.bulk_topic if record.priority is Priority.BULK else self.topics.jobs_topic

    def job_ended(self, record: JobRecord, *, at: datetime) -> OutboxMessage:
        """Return the notification of how a job has ended, and of the variants that were made."""
        notification = JobNotification(
            job_id=record.job.id,
            status=record.job.state,
            original_id=record.original.id,
            reason=record.job.reason,
            code=record.job.code,
            timestamp=at,
            variants=tuple(_announced(variant, self.urls.of(variant.id, at=at)) for variant in record.variants),
            tags=dict(record.tags),
        )
        return OutboxMessage(
            topic=self.topics.topic,
            key=str(record.job.id).encode(),
            value=encode(notification),
            headers=_headers("JobEnded", record.job.id, at=at),
        )

    def of_end(self, record: JobRecord, *, at: datetime) -> list[OutboxMessage]:
        """Return the messages of a job's end: the notification, and the event and the dead letter if there are any."""
        dead_letter = [self.given_up(record, at=at)] if record.job.is_dead_lettered else []
        events = [self.event(_cancelled(record, at), at=at)] if record.job.state is JobState.CANCELLED else []
        return [self.job_ended(record, at=at), *events, *dead_letter]

    def event(self, event: PublicEvent, *, at: datetime) -> OutboxMessage:
        """Return *event* as a record of the events topic."""
        return OutboxMessage(
            topic=self.topics.events_topic,
            key=str(event.subject).encode(),
            value=encode(event),
            headers=event_headers(
                event_id=derived_id(event.event_type, *event.identity),
                event_type=event.event_type,
                source=_SOURCE,
                subject=event.subject,
                at=at,
            ),
        )

    def batch_completed(self, batch: Batch) -> OutboxMessage:
        """Return the event of a batch that has ended."""
        at = batch.ended_at or batch.created_at
        event = BatchCompleted(
            batch_id=batch.id, total=batch.total, counts=dict(batch.counts), tags=dict(batch.tags), timestamp=at
        )
        return self.event(event, at=at)

    def given_up(self, record: JobRecord, *, at: datetime) -> OutboxMessage:
        """Return the dead letter of a job whose attempts are used up, for an operator."""
        request = encode(request_of(record))
        key, value = cut_to_fit(str(record.job.id).encode(), request)
        return OutboxMessage(
            topic=self.topics.dead_topic,
            key=key,
            value=value,
            headers=_headers("JobGivenUp", record.job.id, at=at)
            | dead_letter_headers(
                code=record.job.code or "",
                reason=record.job.reason or "",
                attempts=record.job.attempt,
                topic=self._topic_of(record),
                value=request,
            ),
        )

    def unreadable(
        self, record: ConsumedRecord, reason: str, *, at: datetime, code: str = FailureCode.UNREADABLE_EVENT
    ) -> OutboxMessage:
        """Return the dead letter of a record that is no event of ours: byte for byte, unless it is too large."""
        key, value = cut_to_fit(record.key, record.value)
        return OutboxMessage(
            topic=self.topics.dead_topic,
            key=key,
            value=value,
            headers=unreadable_headers(record, reason, source=_SOURCE, at=at, code=code),
        )

    def smaller(self, message: OutboxMessage, reason: str) -> OutboxMessage | None:
        """Return a replacement for *message*, which Kafka refuses for *reason*; None when nothing is left.

        A notification loses its variants, a dead letter a part of its value; anything else becomes a dead letter.
        """
        if message.topic == self.topics.dead_topic:
            value = shorten(message.value)
            return replace(message, value=value) if value else None
        if message.topic == self.topics.topic and (notification := _without_variants(message)):
            return notification
        return self._unsendable(message, reason)

    def _unsendable(self, message: OutboxMessage, reason: str) -> OutboxMessage:
        key, value = cut_to_fit(message.key, message.value)
        aside = dead_letter_headers(
            code=FailureCode.EVENT_REFUSED, reason=reason, attempts=1, topic=message.topic, value=message.value
        )
        return OutboxMessage(topic=self.topics.dead_topic, key=key, value=value, headers=message.headers | aside)


def _without_variants(message: OutboxMessage) -> OutboxMessage | None:
    """Return the notification without its variants; None if it has none to lose."""
    try:
        notification = JobNotification.model_validate_json(message.value or b"")
    except ValidationError:
        return None
    left_out = bool(notification.variants) or notification.variants_left_out
    value = encode(notification.model_copy(update={"variants": (), "variants_left_out": left_out}))
    return replace(message, value=value) if len(value) < len(message.value or b"") else None


def request_of(record: JobRecord) -> JobRequested:
    """Return the event that requests the current attempt at the job's tasks."""
    return JobRequested(
        job_id=record.job.id,
        attempt=record.job.attempt,
        original=_original(record.original),
        tasks=record.tasks,
        progress=len(record.tasks) > 1,
    )


def _cancelled(record: JobRecord, at: datetime) -> JobCancelled:
    return JobCancelled(
        job_id=record.job.id,
        original_id=record.original.id,
        sequence=record.job.sequence,
        timestamp=at,
        tags=dict(record.tags),
    )


def _announced(variant: FinishedVariant, url: str) -> AnnouncedVariant:
    return AnnouncedVariant.model_validate({**variant.model_dump(), "url": url})


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
    return event_headers(event_id=event_id, event_type=f"icecube.{event_type}", source=_SOURCE, subject=job_id, at=at)
