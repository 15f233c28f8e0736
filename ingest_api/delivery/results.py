"""Lets what the processors report change the state of jobs.

Keeps the protocol's rules "one transaction" and "stop mark" (ARCHITECTURE.md).
"""

import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

import structlog

from common import metrics
from common.events import (
    FinishedVariant,
    JobFailed,
    JobRequested,
    JobResult,
    JobStarted,
    JobSucceeded,
    UnreadableEventError,
    decode,
)
from common.kafka.clients import ConsumedRecord
from common.kafka.headers import from_kafka
from common.kafka.signatures import UNSIGNED, Signatures
from common.tracing import SpanKind, continued_trace, traced
from ingest_api.delivery.job_metrics import count_change
from ingest_api.delivery.messages import Messages
from ingest_api.delivery.result_checks import reason_to_refuse
from ingest_api.delivery.reuse import remember_variants
from ingest_api.domain.job import PROCESSOR_LOST, Job, RetryPolicy
from ingest_api.job_store import (
    JobChanges,
    JobRecord,
    JobStore,
    StoredImage,
    ValueRefusedError,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ResultsHandler:
    """Applies results to jobs. Handling a result again, or late, changes nothing: the first terminal one stands."""

    jobs: JobStore
    messages: Messages
    policy: RetryPolicy
    clock: Callable[[], datetime]
    stop: Callable[[UUID], Awaitable[None]]
    """Keeps a job that was given up from being begun again; see `common.stop_marks`."""
    reuse: bool = True
    """Whether the variants of this job may save the making of others."""
    signatures: Signatures = UNSIGNED
    """Who may tell of results."""

    async def handle(self, records: Sequence[ConsumedRecord]) -> None:
        """Apply a batch in one transaction; raise `JobStoreUnavailableError` having changed nothing.

        A result that the store cannot hold is put aside. It spoils its batch, which is then applied one by one.
        """
        try:
            await self._apply_all(records)
        except ValueRefusedError as exc:
            if len(records) == 1:
                await self._put_aside(records[0], str(exc))
                return
            for record in records:
                await self.handle([record])

    async def _put_aside(self, record: ConsumedRecord, reason: str) -> None:
        log.error("result put aside", topic=record.topic, offset=record.offset, reason=reason)
        async with self.jobs.changing(()) as changes:
            changes.publish(self.messages.unreadable(record, reason, at=self.clock()))
        metrics.UNREADABLE_EVENTS.labels(record.topic).inc()

    async def _apply_all(self, records: Sequence[ConsumedRecord]) -> None:
        at = self.clock()
        results: list[tuple[JobResult, ConsumedRecord]] = []
        unreadable: list[tuple[ConsumedRecord, str]] = []
        changed_by: list[tuple[JobRecord, JobResult]] = []
        for record in records:
            try:
                results.append((self._read(record), record))
            except UnreadableEventError as exc:
                unreadable.append((record, str(exc)))
        async with self.jobs.changing({result.job_id for result, _ in results}) as changes:
            for record, reason in unreadable:
                self._publish_unreadable(changes, record, reason, at)
            for result, record in results:
                with _told_of(record, result):
                    if refusal := _reason_to_refuse(changes, result):
                        self._publish_unreadable(changes, record, refusal, at)
                        unreadable.append((record, refusal))
                    elif changed := self._apply(changes, result, at):
                        changed_by.append((changed, result))
        await self._stop_the_fatal(changes, results)
        # Counted when committed: what is rolled back comes again.
        for record, _ in unreadable:
            metrics.UNREADABLE_EVENTS.labels(record.topic).inc()
        for changed, result in changed_by:
            count_change(changed, result)

    def _read(self, record: ConsumedRecord) -> JobResult:
        self.signatures.check(record.key, record.value, from_kafka(record.headers))
        event = decode(record.value)
        if isinstance(event, JobRequested):
            message = "a JobRequested is no result"
            raise UnreadableEventError(message)
        return event

    def _publish_unreadable(self, changes: JobChanges, record: ConsumedRecord, reason: str, at: datetime) -> None:
        log.error("unreadable event put aside", topic=record.topic, offset=record.offset, reason=reason)
        changes.publish(self.messages.unreadable(record, reason, at=at))

    async def _stop_the_fatal(self, changes: JobChanges, results: Sequence[tuple[JobResult, ConsumedRecord]]) -> None:
        """Stop every job that was just begun though it kills its processors: it would be begun for ever."""
        for result, _ in results:
            record = changes.records.get(result.job_id)
            if isinstance(result, JobStarted) and record and record.job.code == PROCESSOR_LOST:
                log.error("job that stops its processors is kept from them", job_id=str(result.job_id))
                await self.stop(result.job_id)

    def _apply(self, changes: JobChanges, result: JobResult, at: datetime) -> JobRecord | None:
        """Record what *result* changes; return the job as it then is, None when it is as before."""
        record = changes.records.get(result.job_id)
        if record is None:
            log.warning("result of an unknown job ignored", type=result.type)
            return None
        job = self._next(record.job, result, at)
        if job is record.job:
            return None
        changed = replace(record, job=job)
        changes.records[job.id] = changed
        changes.save(job)
        if job.has_ended:
            self._announce_end(changes, changed, result, at)
        elif job.attempt != record.job.attempt:
            log.warning("attempt failed, next one due", attempt=job.attempt, due_at=str(job.due_at))
            changes.publish(self.messages.job_requested(changed, at=at))
        return changed

    def _next(self, job: Job, result: JobResult, at: datetime) -> Job:
        match result:
            case JobStarted():
                return job.started(attempt=result.attempt, start_id=result.start_id, policy=self.policy, at=at)
            case JobSucceeded():
                return job.succeeded(at=at)
            case JobFailed():
                return job.attempt_failed(
                    attempt=result.attempt,
                    code=result.code,
                    reason=result.reason,
                    retryable=result.retryable,
                    policy=self.policy,
                    jitter=random.random(),  # noqa: S311 - spreads retries, hides nothing
                    at=at,
                )
            case _:
                assert_never(result)

    def _announce_end(self, changes: JobChanges, record: JobRecord, result: JobResult, at: datetime) -> None:
        variants = result.variants if isinstance(result, JobSucceeded) else ()
        changes.add_images(_image(variant, record.original, at) for variant in variants)
        if self.reuse and isinstance(result, JobSucceeded):
            remember_variants(changes, record, result)
        changes.publish(self.messages.job_ended(record, variants, at=at))
        if not (isinstance(result, JobSucceeded) or (isinstance(result, JobFailed) and not result.retryable)):
            changes.publish(self.messages.given_up(record, at=at))
        log.info("job ended", state=record.job.state, code=record.job.code)


@contextmanager
def _told_of(record: ConsumedRecord, result: JobResult) -> Iterator[None]:
    """Continue the record's trace, and say in every log line where we are."""
    where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    with (
        continued_trace(from_kafka(record.headers)) as trace_id,
        traced(f"apply {result.type}", SpanKind.CONSUMER, messaging_system="kafka"),
        structlog.contextvars.bound_contextvars(job_id=str(result.job_id), trace_id=trace_id, **where),
    ):
        yield


def _reason_to_refuse(changes: JobChanges, result: JobResult) -> str | None:
    """Return why *result* cannot be its job's; None for one that may be, and for one that changes nothing anyway."""
    record = changes.records.get(result.job_id)
    if not isinstance(result, JobSucceeded) or record is None or record.job.has_ended:
        return None
    return reason_to_refuse(result, record)


def _image(variant: FinishedVariant, original: StoredImage, at: datetime) -> StoredImage:
    return StoredImage(
        id=variant.id,
        original_id=original.id,
        original_name=original.original_name,
        format=variant.format,
        width=variant.width,
        height=variant.height,
        byte_size=variant.byte_size,
        created_at=at,
    )
