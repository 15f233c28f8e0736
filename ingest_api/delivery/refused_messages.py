"""Gives up messages of the outbox that Kafka will never accept, so that they block no others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from common import metrics
from common.failure_codes import FailureCode
from common.kafka.sending import RecordRefusedError
from ingest_api.job_store import JobChanges, JobRecord, JobStore, OutboxMessage
from ingest_api.life_cycle.ending import end_job
from ingest_api.life_cycle.job_metrics import count_end
from ingest_api.life_cycle.messages import Messages

log = structlog.get_logger(__name__)

_REASON = "The request for this job cannot be sent to a processor; fewer tasks in a job make it smaller."


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """A message, and why Kafka refuses it."""

    message: OutboxMessage
    error: RecordRefusedError


@dataclass(frozen=True, slots=True)
class RefusedMessages:
    """Ends or replaces refused messages. Repeating is harmless: a job ends once, and a dead letter keeps its id."""

    jobs: JobStore
    messages: Messages
    clock: Callable[[], datetime]

    async def give_up(self, refused: Mapping[int, RefusedMessage]) -> None:
        """Remove *refused* from the outbox, by their places in it; write the consequences in the same transaction.

        The job of a refused request fails; anything else is replaced by a smaller message or a dead letter.
        """
        ended: list[JobRecord] = []
        asked_for = {one.message.request_of for one in refused.values() if one.message.request_of}
        async with self.jobs.changing(asked_for) as changes:
            for position, one in refused.items():
                changes.withdraw(position)
                if one.message.request_of is None:
                    self._replace(changes, one)
                elif record := changes.records.get(one.message.request_of):
                    ended += self._end(changes, record)
        for one in refused.values():
            metrics.EVENTS_REFUSED.labels(one.message.topic).inc()
        for record in ended:
            count_end(record)

    def _end(self, changes: JobChanges, record: JobRecord) -> list[JobRecord]:
        at = self.clock()
        job = record.job.given_up(code=FailureCode.REQUEST_REFUSED, reason=_REASON, at=at, tasks=record.task_ids)
        if job is record.job:
            return []
        log.error("job given up: its request is refused", job_id=str(job.id))
        return [end_job(changes, record, job, at=at, messages=self.messages)]

    def _replace(self, changes: JobChanges, one: RefusedMessage) -> None:
        topic, size = one.message.topic, len(one.message.value or b"")
        if smaller := self.messages.smaller(one.message, str(one.error)):
            log.warning("event replaced by a smaller one", topic=topic, bytes=size, into=smaller.topic)
            changes.publish(smaller)
        else:
            log.error("event given up", topic=topic, bytes=size, headers=one.message.headers)
