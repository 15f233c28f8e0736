"""Reads everything on the topics from the beginning, for as long as the run lasts, through every outage."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import aiokafka

from common.kafka.clients import ConsumedRecord, KafkaError

_REOPEN_SECONDS = 0.5


class Reader:
    """Calls *tell* for each record; again for all of them after each outage: who listens must not mind."""

    def __init__(self, brokers: str, topics: Sequence[str], tell: Callable[[ConsumedRecord], None]) -> None:
        self._brokers = brokers
        self._topics = topics
        self._tell = tell
        self._reopen = asyncio.Event()

    def reopen(self) -> None:
        """Begin again at the beginning: the broker has lost what it had."""
        self._reopen.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read while the block runs."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task  # raises what ended it, if anything did: a reader that is gone would prove nothing

    async def _run(self) -> None:
        while True:
            self._reopen.clear()
            try:
                async with self._consumer() as consumer:
                    while not self._reopen.is_set():
                        self._tell_all(await consumer.getmany(timeout_ms=200))
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(_REOPEN_SECONDS)

    async def read_to_the_end(self) -> None:
        """Read all that the topics hold now, from the beginning."""
        async with self._consumer() as consumer:
            await consumer.getmany(timeout_ms=200)
            ends = await consumer.end_offsets(consumer.assignment())
            while [True for partition, end in ends.items() if await consumer.position(partition) < end]:
                self._tell_all(await consumer.getmany(timeout_ms=200))

    def _tell_all(self, batches: dict[object, list[ConsumedRecord]]) -> None:
        for batch in batches.values():
            for record in batch:
                self._tell(record)

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[aiokafka.AIOKafkaConsumer]:
        consumer = aiokafka.AIOKafkaConsumer(
            *self._topics, bootstrap_servers=self._brokers, auto_offset_reset="earliest", metadata_max_age_ms=2000
        )
        try:
            await consumer.start()
            yield consumer
        finally:
            await consumer.stop()
