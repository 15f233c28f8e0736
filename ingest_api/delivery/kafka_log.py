"""Reads the ends of Kafka's logs and the positions of groups: the reconciler's evidence."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import stamina
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from common.settings.groups import KafkaSettings

_PATIENCE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class PartitionView:
    """One partition: the first offset it still has, the next one it will assign, and a group's position."""

    first: int
    end: int
    committed: int | None


class KafkaLog:
    """Reads topics without joining a group. Every method raises `KafkaError` when Kafka is away."""

    def __init__(self, admin: Any, consumer: Any) -> None:
        self._admin = admin
        self._consumer = consumer

    async def view(self, topic: str, group: str) -> Mapping[int, PartitionView]:
        """Return every partition of *topic*; the group's position is read before the end of the log."""
        numbers = await self._partitions(topic)
        partitions = [TopicPartition(topic, number) for number in numbers]
        committed = await self._committed(group, partitions) if partitions else {}
        first = await self._consumer.beginning_offsets(partitions)
        end = await self._consumer.end_offsets(partitions)
        return {
            partition.partition: PartitionView(first[partition], end[partition], _known(committed.get(partition)))
            for partition in partitions
        }

    async def _committed(self, group: str, partitions: list[Any]) -> Mapping[Any, Any]:
        # A broker's first request about a group may come while it still creates the topic of group offsets.
        async for attempt in stamina.retry_context(on=GroupCoordinatorNotAvailableError, timeout=_PATIENCE_SECONDS):
            with attempt:
                return dict(await self._admin.list_consumer_group_offsets(group, partitions=partitions))
        raise AssertionError  # retry_context ends by returning or raising

    async def _partitions(self, topic: str) -> list[int]:
        described = await self._admin.describe_topics([topic])
        return [partition["partition"] for found in described for partition in found["partitions"]]


@asynccontextmanager
async def open_kafka_log(settings: KafkaSettings) -> AsyncIterator[KafkaLog]:
    """Yield a view of the configured brokers; raise `KafkaError` when none answers."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker_list)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.broker_list)
    try:
        await admin.start()
        await consumer.start()
        yield KafkaLog(admin, consumer)
    finally:
        await consumer.stop()
        await admin.close()


def _known(committed: Any) -> int | None:
    # The broker says -1 for "never".
    return committed.offset if committed and committed.offset >= 0 else None
