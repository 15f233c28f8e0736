"""Sends a processor's results and dead letters, and retries until Kafka has them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from common.events import JobFailed, JobProgressed, JobRequested, JobResult, JobStarted, JobSucceeded, encode
from common.failure_codes import FailureCode
from common.ids import derived_id, new_id
from common.kafka.clients import ConsumedRecord, KafkaError, Producer
from common.kafka.dead_letters import cut_to_fit, shorten, unreadable_headers
from common.kafka.headers import Headers, event_headers
from common.kafka.sending import RecordRefusedError, send
from common.kafka.signatures import UNSIGNED, Signatures
from common.retries import retry_until_available
from common.settings.groups import KafkaSettings
from processor.jobs.linger import Linger

log = structlog.get_logger(__name__)

_SOURCE = "/icecube/processor"


@dataclass(frozen=True, slots=True)
class Reports:
    """Every method returns when all in-sync replicas have the record; it waits out any outage."""

    producer: Producer
    topics: KafkaSettings
    clock: Callable[[], datetime]
    linger: Linger
    signatures: Signatures = UNSIGNED

    async def send_start(self, job: JobRequested) -> None:
        """Send the start before the work, so that a job that kills its processor leaves a trace."""
        await self.send_result(JobStarted(job_id=job.job_id, attempt=job.attempt, start_id=new_id()))

    async def send_result(self, result: JobResult) -> None:
        """Send an attempt's result. Instead of a success that Kafka will never take, send a failure: the job ends."""
        headers = event_headers(
            event_id=_id_of(result),
            event_type=f"icecube.{result.type}",
            source=_SOURCE,
            subject=result.job_id,
            at=self.clock(),
        )
        key, value = str(result.job_id).encode(), encode(result)
        await self.linger.wait()
        try:
            await self._send(self.topics.results_topic, key, value, headers | self.signatures.sign(key, value))
        except RecordRefusedError as exc:
            log.error("result refused by Kafka", type=result.type, error=str(exc))  # noqa: TRY400 - told in full
            match result:
                case JobSucceeded():
                    await self.send_result(_too_large(result))
                case JobFailed() if result.tasks:
                    await self.send_result(result.model_copy(update={"tasks": ()}))
                case _:
                    pass  # whatever progress was left out, the end tells

    async def send_dead_letter(self, record: ConsumedRecord, reason: str) -> None:
        """Send an unreadable record to the dead-letter topic, byte for byte unless it is too large."""
        key, value = cut_to_fit(record.key, record.value)
        headers = unreadable_headers(record, reason, source=_SOURCE, at=self.clock())
        while True:
            try:
                return await self._send(self.topics.dead_topic, key, value, headers)
            except RecordRefusedError as exc:
                log.warning("dead letter refused by Kafka", bytes=len(value or b""), error=str(exc))
                if not (value := shorten(value)):
                    return None  # the record stays in its topic for as long as Kafka keeps it

    async def _send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        await retry_until_available(
            lambda: send(self.producer, topic, value, key, headers=headers), on=(KafkaError, TimeoutError)
        )


def _too_large(success: JobSucceeded) -> JobFailed:
    reason = "The report of so many variants cannot be sent; fewer tasks in a job make it smaller."
    return JobFailed(
        job_id=success.job_id, attempt=success.attempt, code=FailureCode.RESULT_REFUSED, reason=reason, retryable=False
    )


def _id_of(result: JobResult) -> UUID:
    """Return the event id of *result*. An attempt may start and progress repeatedly: each time has an id of its own."""
    match result:
        case JobStarted():
            own: tuple[object, ...] = (result.start_id,)
        case JobProgressed():
            own = tuple(outcome.task_id for outcome in result.tasks)
        case _:
            own = ()
    return derived_id(result.type, result.job_id, result.attempt, *own)
