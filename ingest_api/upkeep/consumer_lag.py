"""Measures the lag of our consumer groups in the background."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from common import metrics
from common.settings.groups import KafkaSettings
from ingest_api.delivery.kafka_log import KafkaLog, PartitionView, open_kafka_log

_EVERY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class LagWatch:
    """Exports the lag of the processors and of the results consumer, whether or not they run."""

    topics: KafkaSettings

    async def run(self) -> None:
        """Poll until cancelled; raise `KafkaError` when Kafka is away."""
        async with open_kafka_log(self.topics) as kafka:
            while True:
                await self.look(kafka)
                await asyncio.sleep(_EVERY_SECONDS)

    async def look(self, kafka: KafkaLog) -> None:
        """Measure the lag once."""
        for topic, group in (
            *((topic, self.topics.processor_group) for topic in self.topics.request_topics),
            (self.topics.results_topic, self.topics.results_group),
        ):
            metrics.CONSUMER_LAG.labels(topic, group).set(lag(await kafka.view(topic, group)))


def lag(partitions: Mapping[int, PartitionView]) -> int:
    """Return how many records are still to be read, without those that retention has removed."""
    return sum(max(0, view.end - max(view.first, view.committed or 0)) for view in partitions.values())
