"""Applies the processors' results to jobs.

Keeps the protocol's rule "one transaction" (ARCHITECTURE.md).
"""

import random
from collections.abc import Callable, Iterator, Sequence
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
    JobProgressed,
    JobRequested,
    JobResult,
    JobStarted,
    JobSucceeded,
    TaskOutcome,
    UnreadableEventError,
    decode,
)
from common.failure_codes import FailureCode
from common.kafka.clients import ConsumedRecord
from common.kafka.headers import from_kafka
from common.kafka.signatures import UNSIGNED, Signatures
from common.tracing import SpanKind, continue_trace, record_span
from ingest_api.delivery.result_checks import reason_to_refuse
from ingest_api.delivery.reuse import Reuse, remember_variants
from ingest_api.delivery.task_outcomes import end_of, image_of, in_order, new_outcomes
from ingest_api.domain.job import Job, RetryPolicy
from ingest_api.job_store import (
    JobChanges,
    JobRecord,
    JobStore,
    UnreadableJobError,
    ValueRefusedError,
)
from ingest_api.life_cycle.ending import end_job
from ingest_api.life_cycle.job_metrics import count_change
from ingest_api.life_cycle.messages import Messages

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ResultsHandler:
    """Applies results to jobs. A repeated or late result changes nothing: the first terminal one wins."""

    jobs: JobStore
    messages: Messages
    policy: RetryPolicy
    clock: Callable[[], datetime]
    reuse: Reuse = Reuse.OWN
    """Whether later jobs may copy the variants."""
    signatures: Signatures = UNSIGNED
    """Checks who may send results."""

    async def handle(self, records: Sequence[ConsumedRecord]) -> None:
        """Apply a batch in one transaction; raise `JobStoreUnavailableError` having changed nothing.

        A result that cannot be applied, or whose outcome the store cannot hold, is put aside: read again, it would fail
        again, for ever. It spoils its batch, which is then applied one by one.
        """
        try:
            await self._apply_all(records)
        except (ValueRefusedError, _PoisonError) as exc:
            if len(records) == 1:
                async with self.jobs.changing(()) as changes:
                    self._put_aside(changes, records[0], exc)
                metrics.UNREADABLE_EVENTS.labels(records[0].topic).inc()
                return
            for record in records:
                await self.handle([record])

    def _put_aside(self, changes: JobChanges, record: ConsumedRecord, why: Exception) -> None:
        code = FailureCode.UNREADABLE_JOB if isinstance(why, UnreadableJobError) else FailureCode.UNREADABLE_EVENT
        log.error("unreadable event put aside", topic=record.topic, offset=record.offset, code=code, reason=str(why))
        changes.publish(self.messages.unreadable(record, str(why), at=self.clock(), code=code))

    async def _apply_all(self, records: Sequence[ConsumedRecord]) -> None:
        at = self.clock()
        results: list[tuple[JobResult, ConsumedRecord]] = []
        unreadable: list[tuple[ConsumedRecord, Exception]] = []
        changed_by: list[tuple[JobRecord, JobResult]] = []
        for record in records:
            try:
                results.append((self._read(record), record))
            except UnreadableEventError as exc:
                unreadable.append((record, exc))
        async with self.jobs.changing({result.job_id for result, _ in results}) as changes:
            for record, why in unreadable:
                self._put_aside(changes, record, why)
            for result, record in results:
                with _told_of(record, result), _poison():
                    if refusal := _reason_to_put_aside(changes, result):
                        self._put_aside(changes, record, refusal)
                        unreadable.append((record, refusal))
                    elif changed := self._apply(changes, result, at):
                        changed_by.append((changed, result))
        # Counted after the commit: what is rolled back comes again.
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

    def _apply(self, changes: JobChanges, result: JobResult, at: datetime) -> JobRecord | None:
        """Record the changes of *result*; return the changed job, or None if it did not change."""
        record = changes.records.get(result.job_id)
        if record is None:
            log.warning("result of an unknown job ignored", type=result.type)
            return None
        if record.is_original_deleted and not record.job.has_ended:
            # The release before accepted it while its original was being deleted.
            return end_job(changes, record, record.job.cancelled(at=at), at=at, messages=self.messages)
        outcomes = new_outcomes(result, record)
        ends = {outcome.task_id: end_of(outcome) for outcome in outcomes}
        told = record.job.tasks_ended(ends, tasks=record.task_ids, at=at)
        job = told if told.has_ended else self._next(told, record.task_ids, result, at)
        if job is record.job:
            return None
        made = self._add_variants(changes, record, outcomes, result, at)
        changed = replace(record, job=job, variants=in_order([*record.variants, *made], record))
        if job.has_ended:
            return end_job(changes, changed, job, at=at, messages=self.messages)
        changes.records[job.id] = changed
        changes.save(job)
        if job.attempt != record.job.attempt:
            log.warning("attempt failed, next one due", attempt=job.attempt, due_at=str(job.due_at))
            changes.publish(self.messages.job_requested(changed, at=at))
        return changed

    def _next(self, job: Job, tasks: Sequence[UUID], result: JobResult, at: datetime) -> Job:
        """Apply what *result* tells of the job as a whole."""
        match result:
            case JobStarted():
                return job.started(
                    attempt=result.attempt, start_id=result.start_id, policy=self.policy, at=at, tasks=tasks
                )
            case JobProgressed() | JobSucceeded():
                return job  # its tasks are all there is to it
            case JobFailed():
                return job.attempt_failed(
                    attempt=result.attempt,
                    code=result.code,
                    reason=result.reason,
                    retryable=result.retryable,
                    policy=self.policy,
                    jitter=random.random(),  # noqa: S311 - spreads retries, hides nothing
                    at=at,
                    tasks=tasks,
                )
            case _:
                assert_never(result)

    def _add_variants(
        self,
        changes: JobChanges,
        record: JobRecord,
        outcomes: Sequence[TaskOutcome],
        result: JobResult,
        at: datetime,
    ) -> list[FinishedVariant]:
        """Add the images of *outcomes*, and remember the variants that were made, not copied, for later jobs."""
        made = [outcome.variant for outcome in outcomes if outcome.variant]
        changes.add_images(image_of(variant, record, at) for variant in made)
        if isinstance(result, JobStarted) or result.engine is None:  # or from a processor of the release before
            return made
        own = [outcome.variant for outcome in outcomes if outcome.variant and not outcome.reused]
        remember_variants(changes, record, own, engine=result.engine, reuse=self.reuse)
        return made


class _PoisonError(Exception):
    """This result cannot be applied, by our mistake or its writer's."""


@contextmanager
def _poison() -> Iterator[None]:
    """Raise `_PoisonError` for any error of applying one result: without I/O, it would be raised again."""
    try:
        yield
    except Exception as exc:
        log.exception("result cannot be applied")
        message = f"{type(exc).__name__}: {exc}"
        raise _PoisonError(message) from exc


@contextmanager
def _told_of(record: ConsumedRecord, result: JobResult) -> Iterator[None]:
    """Continue the record's trace, and add its place to every log line."""
    where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    with (
        continue_trace(from_kafka(record.headers)) as trace_id,
        record_span(f"apply {result.type}", SpanKind.CONSUMER, messaging_system="kafka"),
        structlog.contextvars.bound_contextvars(job_id=str(result.job_id), trace_id=trace_id, **where),
    ):
        yield


def _reason_to_put_aside(changes: JobChanges, result: JobResult) -> Exception | None:
    """Return why *result* cannot be its job's; None if it can, or changes nothing anyway."""
    record = changes.records.get(result.job_id)
    if record is None or record.job.has_ended:
        return changes.unreadable.get(result.job_id)
    refusal = reason_to_refuse(result, record)
    return UnreadableEventError(refusal) if refusal else None
