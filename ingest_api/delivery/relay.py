"""The relay: sends committed events from the outbox to Kafka."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import structlog

from common import metrics
from common.failpoints import Failpoint, fail_at
from common.kafka.clients import Producer, open_producer
from common.kafka.headers import Headers
from common.kafka.sending import RecordRefusedError, send
from common.kafka.signatures import signatures_of
from common.settings.groups import KafkaSettings
from common.tracing import SpanKind, continue_trace, record_span, trace_headers
from ingest_api.delivery.refused_messages import RefusedMessage, RefusedMessages
from ingest_api.job_store import ClaimedMessages, Outbox, OutboxMessage, Publication

log = structlog.get_logger(__name__)


class Relay:
    """Sends due events, oldest first; an event leaves the outbox only after Kafka has acknowledged it.

    If the relay dies in between, the event is sent twice; readers recognise it by its id. The relay gives up an event
    that Kafka will never accept, and continues with the others.
    """

    def __init__(
        self, outbox: Outbox, refused: RefusedMessages, settings: KafkaSettings, *, batch: int, poll_seconds: float
    ) -> None:
        self._signatures = signatures_of(settings)
        self._outbox = outbox
        self._refused = refused
        self._settings = settings
        self._batch = batch
        self._poll_seconds = poll_seconds
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Read the outbox now: something was committed. A lost wake-up costs one poll interval."""
        self._woken.set()

    async def run(self) -> None:
        """Relay until cancelled; raise `KafkaError` or `JobStoreUnavailableError` when either is away."""
        async with open_producer(self._settings) as producer:
            while True:
                self._woken.clear()
                if await self.relay_batch(producer) < self._batch:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._woken.wait(), self._poll_seconds)

    async def relay_batch(self, producer: Producer) -> int:
        """Send a batch and return its size; raise the first failure after marking what was sent.

        A topic that accepts nothing, such as a missing one, must not fill every batch: the others are sent first.
        """
        outcomes = await self._relay(producer)
        failed = outcomes.failed_topics
        while outcomes.failures and outcomes.size == self._batch:
            failed |= outcomes.failed_topics
            others = await self._relay(producer, without=failed)
            if not others.size:
                break
            outcomes = replace(others, failures=outcomes.failures + others.failures)
        if outcomes.failures:
            raise outcomes.failures[0]
        return outcomes.size

    async def _relay(self, producer: Producer, *, without: Collection[str] = ()) -> "_Outcomes":
        async with self._outbox.claim(self._batch, without=without) as claimed:
            if claimed.messages:
                fail_at(Failpoint.EVENT_CLAIMED_NOT_SENT)
            sends = {position: self._send(producer, message) for position, message in claimed.messages.items()}
            results = await asyncio.gather(*sends.values(), return_exceptions=True)
            outcomes = _note(claimed, dict(zip(sends, results, strict=True)))
            if sends:
                fail_at(Failpoint.EVENT_SENT_NOT_DELETED)
        if outcomes.refused:
            # Only now: the transaction above holds these messages, and this one removes them.
            await self._refused.give_up(outcomes.refused)
        return outcomes

    async def _send(self, producer: Producer, message: OutboxMessage) -> Publication | None:
        with (
            continue_trace(message.headers),
            record_span(f"send {message.topic}", SpanKind.PRODUCER, messaging_system="kafka"),
        ):
            headers = message.headers | trace_headers() | self._signature_of(message)
            sent = await send(producer, message.topic, message.value, message.key, headers=headers)
        if message.request_of is None:
            return None
        return Publication(job_id=message.request_of, topic=message.topic, partition=sent.partition, offset=sent.offset)

    def _signature_of(self, message: OutboxMessage) -> Headers:
        """Sign a request when it is sent: by the newest key, whenever it was committed."""
        return {} if message.request_of is None else self._signatures.sign(message.key, message.value)


@dataclass(frozen=True, slots=True)
class _Outcomes:
    """Of *size* messages, those that Kafka will never accept, by their places, and the other failures."""

    size: int
    failed_topics: set[str] = field(default_factory=set)
    refused: dict[int, RefusedMessage] = field(default_factory=dict)
    failures: list[BaseException] = field(default_factory=list)


def _note(claimed: ClaimedMessages, results: Mapping[int, Publication | BaseException | None]) -> _Outcomes:
    outcomes = _Outcomes(len(results))
    for position, result in results.items():
        message = claimed.messages[position]
        if isinstance(result, BaseException):
            log.warning("event not sent", topic=message.topic, error=repr(result))
        if isinstance(result, RecordRefusedError):
            outcomes.refused[position] = RefusedMessage(message, result)
        elif isinstance(result, BaseException):
            outcomes.failures.append(result)
            outcomes.failed_topics.add(message.topic)
            metrics.EVENTS_NOT_SENT.labels(message.topic).inc()
        else:
            metrics.EVENTS_SENT.labels(message.topic).inc()
            claimed.mark_sent(position, result)
    return outcomes
