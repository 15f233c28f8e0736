"""Kafka without a broker: a producer that remembers, a record as it would be read, a log that stands still."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka.errors import MessageSizeTooLargeError

from common.kafka.clients import ConsumedRecord, KafkaError
from ingest_api.delivery.kafka_log import KafkaLog, PartitionView


@dataclass
class Place:
    """Where a record stands."""

    partition: int
    offset: int


@dataclass
class Record:
    """A record as a consumer gets it."""

    value: bytes | None
    key: bytes | None = b"k"
    topic: str = "topic"
    partition: int = 0
    offset: int = 0
    headers: Sequence[tuple[str, bytes | None]] = ()


@dataclass
class RecordingProducer:
    """Acknowledges every record at once, but for topics in *broken* and for the first *outages* sends.

    As aiokafka does, it raises for a record of more than *largest* bytes, and for one of neither key nor value.
    """

    broken: set[str] = field(default_factory=set)
    outages: int = 0
    largest: int = 1_048_576
    sent: list[Record] = field(default_factory=list)

    async def send(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        *,
        headers: Sequence[tuple[str, bytes]] | None = None,
    ) -> asyncio.Future[Place]:
        """Remember the record."""
        assert not (value is None and key is None), "Need at least one: key or value"
        size = len(value or b"") + len(key or b"") + sum(len(name) + len(text) for name, text in headers or ())
        if size > self.largest:
            raise MessageSizeTooLargeError(size)
        future: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        if topic in self.broken or self.outages > 0:
            self.outages -= 1
            future.set_exception(KafkaError("the broker is away"))
            return future
        self.sent.append(Record(value, key, topic, 0, len(self.sent), list(headers or ())))
        future.set_result(Place(0, len(self.sent) - 1))
        return future


@dataclass
class ScriptedConsumer:
    """Gives out *batches* one by one, then nothing; counts how often it was told to commit."""

    batches: list[list[Record]]
    commits: int = 0

    async def getmany(
        self,
        *,
        timeout_ms: int = 0,  # noqa: ARG002 - the port's
        max_records: int | None = None,  # noqa: ARG002 - the port's
    ) -> dict[object, list[ConsumedRecord]]:
        """Return the next batch at once."""
        return {"partition": list(self.batches.pop(0))} if self.batches else {}

    async def commit(self) -> None:
        """Count."""
        self.commits += 1


class StandingLog(KafkaLog):
    """A log whose partitions are as given, by topic."""

    def __init__(self, topics: Mapping[str, Mapping[int, PartitionView]]) -> None:
        super().__init__(None, None)
        self._topics = topics

    async def view(self, topic: str, group: str) -> Mapping[int, PartitionView]:  # noqa: ARG002 - one group a topic
        """Return the partitions of *topic*."""
        return self._topics[topic]
