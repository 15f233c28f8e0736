"""Reads the service's topics as any consumer would, with librdkafka, which takes little of the machine."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any
from uuid import uuid4

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from tests.bench.service.service import Service

_POLL_SECONDS = 0.1
_ANSWER_SECONDS = 5
_JOB_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Record:
    """A record: what it says, and when it was thought of, sent and read, as seconds since the epoch."""

    job_id: str
    value: dict[str, Any]
    event_at: float
    sent_at: float
    read_at: float


class Notifications:
    """What the topic `image-jobs` has told so far, by job."""

    def __init__(self) -> None:
        self.by_job: dict[str, Record] = {}
        self._news = asyncio.Event()

    def tell(self, records: list[Record]) -> None:
        """Take note of *records*."""
        self.by_job |= {record.job_id: record for record in records}
        self._news.set()

    async def of(self, job_ids: set[str]) -> list[Record]:
        """Return the notifications of these jobs once all are there; all must have completed."""
        await self._until(lambda: job_ids <= self.by_job.keys())
        return _completed([self.by_job[job_id] for job_id in job_ids])

    async def further(self, number: int, *, beside: set[str]) -> list[Record]:
        """Return so many notifications that are not of the jobs *beside*, once they are there."""
        await self._until(lambda: len(self.by_job) >= len(beside) + number)
        return _completed([record for job_id, record in self.by_job.items() if job_id not in beside])

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(_JOB_SECONDS):
            while not condition():
                self._news.clear()
                await self._news.wait()


def _completed(records: list[Record]) -> list[Record]:
    failed = [record.value for record in records if record.value["status"] != "completed"]
    if failed:
        message = f"{len(failed)} jobs failed, the first: {failed[0]}"
        raise RuntimeError(message)
    return records


@asynccontextmanager
async def notifications(service: Service) -> AsyncIterator[Notifications]:
    """Read the notifications for as long as the block runs."""
    told, stop, loop = Notifications(), Event(), asyncio.get_running_loop()

    def read() -> None:
        with _consumer(service, "image-jobs") as consumer:
            while not stop.is_set():
                if records := _next(consumer, _POLL_SECONDS):
                    loop.call_soon_threadsafe(told.tell, records)

    reading = asyncio.create_task(asyncio.to_thread(read))
    try:
        yield told
    finally:
        stop.set()
        await reading


def all_records(service: Service, topic: str) -> list[Record]:
    """Return what is on *topic*; its last records are taken to be there when nothing comes for a second."""
    found: list[Record] = []
    with _consumer(service, topic) as consumer:
        while records := _next(consumer, 1):
            found += records
    return found


@contextmanager
def _consumer(service: Service, topic: str) -> Iterator[Consumer]:
    consumer = Consumer(
        {
            "bootstrap.servers": service.kafka,
            "group.id": f"bench-{uuid4()}",  # librdkafka wants one; nothing is ever committed in it
            "enable.auto.commit": False,
            "fetch.wait.max.ms": service.fetch_wait_ms,
        }
    )
    try:
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in _partitions(consumer, topic)])
        yield consumer
    finally:
        consumer.close()


def _partitions(consumer: Consumer, topic: str) -> list[int]:
    """Return the topic's partitions; the embedded broker makes them when they are first asked for, and has none yet."""
    deadline = time.monotonic() + _ANSWER_SECONDS
    while not (found := list(consumer.list_topics(topic, timeout=_ANSWER_SECONDS).topics[topic].partitions)):
        if time.monotonic() > deadline:
            message = f"{topic} has no partitions"
            raise RuntimeError(message)
        time.sleep(0.05)
    return found


def _next(consumer: Consumer, patience_seconds: float) -> list[Record]:
    """Return what is there, or what comes first within the patience."""
    first = consumer.poll(patience_seconds)
    messages = [first, *consumer.consume(500, timeout=0)] if first else []
    now = time.time()
    return [_record(message, now) for message in messages if not message.error()]


def _record(message: Any, read_at: float) -> Record:
    headers = dict(message.headers())
    event_at = datetime.fromisoformat(headers["ce_time"].decode()).timestamp()
    return Record(message.key().decode(), json.loads(message.value()), event_at, message.timestamp()[1] / 1000, read_at)
