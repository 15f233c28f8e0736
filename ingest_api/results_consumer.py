"""The results consumer: reads what the processors report, and has it applied."""

from collections.abc import Callable, Sequence

from common.crash_points import CrashPoint, reached
from common.kafka.clients import ConsumedRecord, open_consumer
from common.patience import patiently
from common.settings.groups import KafkaSettings
from ingest_api.job_store import JobStoreUnavailableError
from ingest_api.results import ResultsHandler

_BATCH = 500


class ResultsConsumer:
    """Reads the results topic; its offsets are committed after the transaction that used them."""

    def __init__(self, handler: ResultsHandler, settings: KafkaSettings, *, wake_relay: Callable[[], None]) -> None:
        self._handler = handler
        self._settings = settings
        self._wake_relay = wake_relay

    async def run(self) -> None:
        """Consume until cancelled; raise `KafkaError` when Kafka is away, wait while PostgreSQL is."""
        topic, group = self._settings.results_topic, self._settings.results_group
        async with open_consumer(self._settings, topic, group=group) as consumer:
            while True:
                batches = await consumer.getmany(timeout_ms=1000, max_records=_BATCH)
                if records := [record for batch in batches.values() for record in batch]:
                    reached(CrashPoint.RESULTS_READ_NOT_APPLIED)
                    await self._handle(records)
                    reached(CrashPoint.RESULTS_COMMITTED_OFFSET_NOT)
                    await consumer.commit()

    async def _handle(self, records: Sequence[ConsumedRecord]) -> None:
        await patiently(lambda: self._handler.handle(records), on=JobStoreUnavailableError)
        self._wake_relay()
