"""Reads everything on the topics from the beginning, for as long as the run lasts, through every outage.

With librdkafka, not with the client that Icecube uses: a witness should not share the blind spots of the accused.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any
from uuid import uuid4

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

_POLL_SECONDS = 0.2
_ANSWER_SECONDS = 5
_END_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record as read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Reader:
    """Calls *tell*, in the event loop, for each record; again for all of them after a `reopen`."""

    def __init__(self, brokers: str, topics: Sequence[str], tell: Callable[[ReadRecord], None]) -> None:
        self._brokers = brokers
        self._topics = topics
        self._tell = tell
        self._reopen = Event()
        self._stop = Event()

    def reopen(self) -> None:
        """Begin again at the beginning: the broker has lost what it had."""
        self._reopen.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read while the block runs; raise at its end what ended the reading before, if anything did."""
        loop = asyncio.get_running_loop()
        reading = asyncio.create_task(asyncio.to_thread(self._read, loop))
        try:
            yield
        finally:
            self._stop.set()
            await reading

    async def read_to_the_end(self) -> None:
        """Read all that the topics hold now, from the beginning; raise `TimeoutError` when that takes too long."""
        for record in await asyncio.to_thread(self._everything):
            self._tell(record)

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stop.is_set():
            self._reopen.clear()
            with self._consumer() as consumer:
                if not self._assigned(consumer):
                    continue
                while not (self._stop.is_set() or self._reopen.is_set()):
                    loop.call_soon_threadsafe(self._tell_all, _records(consumer))

    def _everything(self) -> list[ReadRecord]:
        deadline = time.monotonic() + _END_SECONDS
        found: list[ReadRecord] = []
        with self._consumer() as consumer:
            while not (partitions := self._assigned(consumer)):
                self._give_up_after(deadline)
            ends = [consumer.get_watermark_offsets(each, timeout=_END_SECONDS)[1] for each in partitions]
            while any(
                max(place.offset, 0) < end for place, end in zip(consumer.position(partitions), ends, strict=True)
            ):
                self._give_up_after(deadline)
                found += _records(consumer)
        return found

    def _give_up_after(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            message = f"{', '.join(self._topics)} could not be read to their end"
            raise TimeoutError(message)

    def _tell_all(self, records: list[ReadRecord]) -> None:
        for record in records:
            self._tell(record)

    def _assigned(self, consumer: Consumer) -> list[TopicPartition]:
        """Return the partitions of every topic, assigned to *consumer*; none while one of the topics is missing."""
        try:
            known = {
                topic: consumer.list_topics(topic, timeout=_ANSWER_SECONDS).topics[topic] for topic in self._topics
            }
        except KafkaException:
            return []
        if any(topic.error for topic in known.values()):
            time.sleep(_POLL_SECONDS)
            return []
        partitions = [
            TopicPartition(name, number, OFFSET_BEGINNING)
            for name, topic in known.items()
            for number in topic.partitions
        ]
        consumer.assign(partitions)
        return partitions

    @contextmanager
    def _consumer(self) -> Iterator[Consumer]:
        consumer = Consumer(
            {
                "bootstrap.servers": self._brokers,
                "group.id": f"chaos-{uuid4()}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "allow.auto.create.topics": True,  # the embedded broker has no other way to make them
                "reconnect.backoff.max.ms": 500,
                "log_level": 0,
            }
        )
        try:
            yield consumer
        finally:
            consumer.close()


def _records(consumer: Consumer) -> list[ReadRecord]:
    return [_read(message) for message in consumer.consume(500, timeout=_POLL_SECONDS) if not message.error()]


def _read(message: Any) -> ReadRecord:
    headers = message.headers() or ()
    return ReadRecord(message.topic(), message.partition(), message.offset(), message.key(), message.value(), headers)
