"""The Faust agent: decodes job events and calls the job handler for each."""

from typing import Any

import structlog

from common import metrics
from common.events import JobRequested, UnreadableEventError, UnsupportedRequestError, decode
from common.failpoints import Failpoint, fail_at
from common.kafka.headers import from_kafka
from common.tracing import SpanKind, continue_trace, record_span
from processor.jobs.failures import failure_of_unread
from processor.jobs.handler import NO_SLOT, Releasable
from processor.services import Services


async def handle(event: Any, services: Services, slot: Releasable = NO_SLOT) -> None:
    """Handle the job that *event* requests; return when its result has been sent.

    Releases the *slot* when the image process is done.
    """
    message = event.message
    headers = from_kafka(message.headers)
    where = {"topic": message.topic, "partition": message.partition, "offset": message.offset}
    with (
        continue_trace(headers) as trace_id,
        record_span(f"process {message.topic}", SpanKind.CONSUMER, messaging_system="kafka"),
        structlog.contextvars.bound_contextvars(**where, trace_id=trace_id),
    ):
        try:
            services.signatures.check(message.key, message.value, headers)
            job = _job_in(message.value)
        except UnreadableEventError as exc:
            structlog.get_logger(__name__).error("unreadable event put aside", reason=str(exc))
            metrics.UNREADABLE_EVENTS.labels(message.topic).inc()
            await services.reports.send_dead_letter(message, str(exc))
            if isinstance(exc, UnsupportedRequestError):
                await services.reports.send_result(failure_of_unread(exc))
            return
        with structlog.contextvars.bound_contextvars(job_id=str(job.job_id), attempt=job.attempt):
            fail_at(Failpoint.JOB_TAKEN_NOT_ANNOUNCED)
            await services.reports.send_start(job)
            fail_at(Failpoint.JOB_ANNOUNCED_NOT_WORKED_ON)
            await services.reports.send_result(await services.handler.handle(job, slot, services.reports.send_result))
            fail_at(Failpoint.RESULT_SENT_NOT_ACKNOWLEDGED)


def _job_in(value: bytes | None) -> JobRequested:
    event = decode(value)
    if not isinstance(event, JobRequested):
        message = f"a {event.type} requests no job"
        raise UnreadableEventError(message)
    return event
