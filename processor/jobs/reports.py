"""Sends what a processor has to say, again and again until Kafka has it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.events import JobRequested, JobResult, JobStarted, encode
from common.ids import derived_id, new_id
from common.kafka.clients import SEND_SECONDS, ConsumedRecord, KafkaError, Producer
from common.kafka.dead_letters import bounded, unreadable_headers
from common.kafka.headers import Headers, event_headers, to_kafka
from common.retries import retry_until_available
from common.settings.groups import KafkaSettings
from processor.jobs.linger import Linger

_SOURCE = "/icecube/processor"


@dataclass(frozen=True, slots=True)
class Reports:
    """Every method returns when all replicas have the record; it waits out an outage, however long."""

    producer: Producer
    topics: KafkaSettings
    clock: Callable[[], datetime]
    linger: Linger

    async def started(self, job: JobRequested) -> None:
        """Tell that work begins: before it does, so that a job that kills its processor leaves a trace."""
        await self.result(JobStarted(job_id=job.job_id, attempt=job.attempt, start_id=new_id()))

    async def result(self, result: JobResult) -> None:
        """Tell how an attempt stands."""
        headers = event_headers(
            event_id=_id_of(result),
            event_type=result.type,
            source=_SOURCE,
            subject=result.job_id,
            at=self.clock(),
        )
        await self.linger.wait()
        await self._send(self.topics.results_topic, str(result.job_id).encode(), encode(result), headers)

    async def unreadable(self, record: ConsumedRecord, reason: str) -> None:
        """Put a record that is no event of ours aside, byte for byte where it is not too large for that."""
        key, value = bounded(record)
        headers = unreadable_headers(record, reason, source=_SOURCE, at=self.clock())
        await self._send(self.topics.dead_topic, key, value, headers)

    async def _send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        async def sent() -> None:
            async with asyncio.timeout(SEND_SECONDS + 1):
                await (await self.producer.send(topic, value, key, headers=to_kafka(headers)))

        await retry_until_available(sent, on=(KafkaError, TimeoutError))


def _id_of(result: JobResult) -> UUID:
    """Return what tells *result* from others: an attempt may be started more than once."""
    start = (result.start_id,) if isinstance(result, JobStarted) else ()
    return derived_id(result.type, result.job_id, result.attempt, *start)
