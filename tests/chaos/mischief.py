"""What others do on our topics: events come again, late and out of order, and a stranger adds what we never wrote."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from random import Random

import aiokafka

from common.ids import new_id
from common.kafka.clients import KafkaError
from tests.chaos.notifications import ReadRecord

LATEST_SECONDS = 15.0
_MARK = ("chaos", b"again")
_NOBODY = b'"jobId": "0199f3a0-5f3c-7c51-9e0a-1cecbe000001"'
ODDITIES: list[bytes | None] = [
    None,
    b"",
    b"\x00\xff\xfe not even text",
    b"[]",
    b"{}",
    b'{"type": "JobRequested", "version": 2, "jobId": "from the future", "lanes": [1, 2, 3]}',
    b'{"type": "JobCancelled", "version": 1, ' + _NOBODY + b"}",
    b'{"type": "\\u0000", "version": 1}',
    b'{"type": "' + b"x" * 20_000 + b'"}',
    b"[" * 100_000,
    b"\x00" * 1_048_300,  # as large as the broker takes, so that nothing can be added to it
]
"""No events of ours, on any topic: each must be put aside."""
STRAYS = [
    b'{"type": "JobSucceeded", "version": 1, ' + _NOBODY + b', "attempt": 1, "variants": []}',
    b'{"type": "JobStarted", "version": 1, ' + _NOBODY + b', "attempt": 10000000000000000000000}',
]
"""Results of nobody's job: to be passed over."""


class Mischief:
    """Sends records again while it is asked to, and oddities when it is asked to."""

    def __init__(self, brokers: str, rng: Random) -> None:
        self._brokers = brokers
        self._rng = rng
        self._is_repeating = False
        self._sends: set[asyncio.Task[None]] = set()

    def see(self, record: ReadRecord) -> None:
        """Take note of a record; send it again, some time later, if now is the time for that."""
        if self._is_repeating and _MARK not in record.headers:
            task = asyncio.create_task(self._repeat(record, self._rng.uniform(0, LATEST_SECONDS)))
            self._sends.add(task)
            task.add_done_callback(self._sends.discard)

    @asynccontextmanager
    async def repeating(self) -> AsyncIterator[None]:
        """While the block runs, every event is delivered twice, the second time late; return when all are."""
        self._is_repeating = True
        try:
            yield
        finally:
            self._is_repeating = False
            await asyncio.gather(*self._sends, return_exceptions=True)

    async def put(self, topic: str, values: Sequence[bytes | None]) -> int:
        """Put *values* on *topic*; return how many the broker took."""
        async with self._producer() as producer:
            sends = [await producer.send(topic, value, key=str(new_id()).encode()) for value in values]
            results = await asyncio.gather(*sends, return_exceptions=True)
        return sum(not isinstance(result, BaseException) for result in results)

    async def _repeat(self, record: ReadRecord, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        with suppress(KafkaError):  # the broker is away: then this one comes once
            await self._send_again(record)

    async def _send_again(self, record: ReadRecord) -> None:
        async with self._producer() as producer:
            await producer.send_and_wait(record.topic, record.value, key=record.key, headers=[*record.headers, _MARK])

    @asynccontextmanager
    async def _producer(self) -> AsyncIterator[aiokafka.AIOKafkaProducer]:
        producer = aiokafka.AIOKafkaProducer(
            bootstrap_servers=self._brokers, request_timeout_ms=5000, max_request_size=2 * 1_048_576
        )
        try:
            await producer.start()
            yield producer
        finally:
            await producer.stop()
