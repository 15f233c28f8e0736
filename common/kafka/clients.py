"""Opens Kafka clients: acknowledged by all in-sync replicas, never idempotent, offsets committed by hand."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import aiokafka
from aiokafka.errors import KafkaError

from common.settings.groups import KafkaSettings

__all__ = ["ConsumedRecord", "Consumer", "KafkaError", "Producer", "SentRecord", "open_consumer", "open_producer"]

SEND_SECONDS = 15
"""How long a record may wait for its acknowledgement."""
METADATA_SECONDS = 5
"""How soon a consumer notices a topic that was made after it came, as on a broker that has lost everything.

By default it is five minutes, in which a group that found no partitions reads nothing.
"""
_MAX_POLL_INTERVAL_MS = 3_600_000
"""A consumer that waits for PostgreSQL keeps its partitions; its heartbeats show that it is alive."""


class SentRecord(Protocol):
    """A record's place in Kafka."""

    partition: int
    offset: int


class ConsumedRecord(Protocol):
    """A record read from a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Producer(Protocol):
    """The part of `AIOKafkaProducer` that we use."""

    async def send(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        *,
        headers: Sequence[tuple[str, bytes]] | None = None,
    ) -> Awaitable[SentRecord]:
        """Enqueue a record; the result is done when all in-sync replicas have it, or raises `KafkaError`."""
        ...


class Consumer(Protocol):
    """The part of `AIOKafkaConsumer` that we use."""

    async def getmany(
        self, *, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[object, list[ConsumedRecord]]:
        """Return new records by partition, after *timeout_ms* at most."""
        ...

    async def commit(self) -> None:
        """Commit the positions up to which `getmany` has returned records."""
        ...


@asynccontextmanager
async def open_producer(settings: KafkaSettings) -> AsyncIterator[Producer]:
    """Yield a producer; raise `KafkaError` if no broker answers.

    Not idempotent: such a producer hangs while its broker is away (aiokafka #1101). Ids make duplicates harmless.
    """
    producer = aiokafka.AIOKafkaProducer(
        bootstrap_servers=settings.broker_list,
        acks="all",
        linger_ms=0,
        request_timeout_ms=SEND_SECONDS * 1000,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


@asynccontextmanager
async def open_consumer(settings: KafkaSettings, topic: str, *, group: str) -> AsyncIterator[Consumer]:
    """Yield a member of *group* that reads *topic* from the first uncommitted record; raise `KafkaError`."""
    consumer = aiokafka.AIOKafkaConsumer(
        topic,
        bootstrap_servers=settings.broker_list,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=settings.fetch_wait_ms,
        session_timeout_ms=int(settings.session_timeout_seconds * 1000),
        heartbeat_interval_ms=int(settings.session_timeout_seconds * 300),
        max_poll_interval_ms=_MAX_POLL_INTERVAL_MS,
        metadata_max_age_ms=METADATA_SECONDS * 1000,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()
