"""The results consumer: reads the processors' results and has them applied."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from math import inf

from common.failpoints import Failpoint, fail_at
from common.kafka.clients import ConsumedRecord, Consumer, open_consumer
from common.retries import retry_until_available
from common.settings.groups import KafkaSettings
from ingest_api.delivery.results import ResultsHandler
from ingest_api.job_store import JobStoreUnavailableError

_BATCH = 500
_READ_MS = 1000
_SENT_TOGETHER_SECONDS = 0.004
"""A fetch returns with the first partition of records sent together; the next fetch brings the others."""
_STARTS_WAIT_MS = 150
"""How long starts wait for their results: most jobs end sooner, and are then written once instead of twice."""
_STARTED = b"icecube.JobStarted"
_COMMIT_SECONDS = 0.5
"""How much applied work may be read again after a crash, which changes nothing."""


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
            commits = Commits(consumer)
            while True:
                if records := await read_batch(consumer):
                    fail_at(Failpoint.RESULTS_READ_NOT_APPLIED)
                    await self._handle(records)
                    fail_at(Failpoint.RESULTS_COMMITTED_OFFSET_NOT)
                await commits.after(records)

    async def _handle(self, records: Sequence[ConsumedRecord]) -> None:
        await retry_until_available(lambda: self._handler.handle(records), on=JobStoreUnavailableError)
        self._wake_relay()


class Commits:
    """Commits offsets once in *seconds*: a commit is a write on the broker, and applying results again is cheap."""

    def __init__(self, consumer: Consumer, *, seconds: float = _COMMIT_SECONDS) -> None:
        self._consumer = consumer
        self._seconds = seconds
        self._is_due = False
        self._last_at = -inf

    async def after(self, records: Sequence[ConsumedRecord]) -> None:
        """Commit all applied records, *records* included, unless the last commit is recent."""
        self._is_due = self._is_due or bool(records)
        now = asyncio.get_running_loop().time()
        if self._is_due and now - self._last_at >= self._seconds:
            await self._consumer.commit()
            self._is_due, self._last_at = False, now


async def read_batch(consumer: Consumer) -> list[ConsumedRecord]:
    """Return new records, or none after a while. A batch of starts alone, which nobody waits for, lingers."""
    records = _flat(await consumer.getmany(timeout_ms=_READ_MS, max_records=_BATCH))
    if records:
        await asyncio.sleep(_SENT_TOGETHER_SECONDS)
        records += _flat(await consumer.getmany(max_records=_BATCH))
    if records and all(("ce_type", _STARTED) in record.headers for record in records):
        records += _flat(await consumer.getmany(timeout_ms=_STARTS_WAIT_MS, max_records=_BATCH))
    return records


def _flat(batches: Mapping[object, Sequence[ConsumedRecord]]) -> list[ConsumedRecord]:
    return [record for batch in batches.values() for record in batch]
