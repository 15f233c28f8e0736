"""Lists dead letters and replays them, for an operator."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from common.events import JobRequested, UnreadableEventError, decode
from common.failure_codes import FailureCode
from common.kafka.clients import SEND_SECONDS, ConsumedRecord, Producer
from common.kafka.headers import from_kafka, to_kafka
from common.kafka.signatures import copy_signature
from common.options.geometry import CropOutsideError
from common.settings.groups import KafkaSettings
from common.texts import printable
from ingest_api.delivery.kafka_log import KafkaLog, open_kafka_log
from ingest_api.domain.caller import ANYBODY
from ingest_api.domain.idempotency import KeyReusedError
from ingest_api.intake.job_request import JobRequest, TooManyTasksError
from ingest_api.intake.jobs import JobIntake
from ingest_api.job_store import ImageUnknownError

GROUP = "icecube-dead-letters"
"""Holds the position of `replay --all`; no consumer joins it."""
_POLL_MS = 1000
_LONGEST_SUMMARY = 600


class NotReplayableError(Exception):
    """This letter can never be replayed, others can. The message says why."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that could not be handled, with its place and the reason."""

    partition: int
    offset: int
    put_aside_at: datetime
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str]
    was_replayed: bool
    """Whether a `replay --all` has passed it."""

    @property
    def name(self) -> str:
        """The name for operators: `partition:offset`."""
        return f"{self.partition}:{self.offset}"

    @property
    def summary(self) -> str:
        """What was put aside, and why: a line for a terminal, which would obey a stranger's control characters."""
        what = f"job {self.request.job_id}" if self.request else f"event of {self.headers.get('icecube_topic', '?')}"
        why = f"{self.headers.get('icecube_code', '?')}: {self.headers.get('icecube_reason', '?')}"
        return printable(f"{what}  {why}", most=_LONGEST_SUMMARY)

    @property
    def request(self) -> JobRequested | None:
        """The job that was given up; None if the event was unreadable or refused, whoever wrote it."""
        if self.headers.get("icecube_code") == FailureCode.UNREADABLE_EVENT:
            return None
        try:
            event = decode(self.value)
        except UnreadableEventError:
            return None
        return event if isinstance(event, JobRequested) else None


class DeadLetterTopic:
    """Reads the whole topic without joining a group. Every method raises `KafkaError` when Kafka is away."""

    def __init__(self, settings: KafkaSettings, consumer: Any, log: KafkaLog) -> None:
        self._settings = settings
        self._consumer = consumer
        self._log = log

    async def read_letters(self) -> AsyncIterator[DeadLetter]:
        """Yield every letter now in the topic, partition by partition, the oldest first."""
        for number, view in sorted((await self._log.view(self._settings.dead_topic, GROUP)).items()):
            partition = TopicPartition(self._settings.dead_topic, number)
            self._consumer.assign([partition])
            self._consumer.seek(partition, view.first)
            while await self._consumer.position(partition) < view.end:
                for records in (await self._consumer.getmany(partition, timeout_ms=_POLL_MS)).values():
                    for record in records:
                        yield _letter(record, was_replayed=record.offset < (view.committed or 0))

    async def mark_replayed(self, letter: DeadLetter) -> None:
        """Remember that everything up to *letter* was replayed."""
        # A consumer of its own: aiokafka's commits for a group do not survive a new assignment of partitions.
        async with _consumer(self._settings, group=GROUP) as consumer:
            partition = TopicPartition(self._settings.dead_topic, letter.partition)
            consumer.assign([partition])
            await consumer.commit({partition: letter.offset + 1})


@asynccontextmanager
async def open_dead_letters(settings: KafkaSettings) -> AsyncIterator[DeadLetterTopic]:
    """Yield the topic of *settings*."""
    async with _consumer(settings, group=None) as consumer, open_kafka_log(settings) as log:
        yield DeadLetterTopic(settings, consumer, log)


@asynccontextmanager
async def _consumer(settings: KafkaSettings, *, group: str | None) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.broker_list,
        group_id=group,
        enable_auto_commit=False,
        fetch_max_wait_ms=settings.fetch_wait_ms,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


@dataclass(frozen=True, slots=True)
class Replay:
    """Replays letters.

    A job that was given up has ended, and ended jobs never change: a new job requests its variants.
    An event that could not be read goes back to its topic unchanged, for a release that can read it. The topic must be
    one of ours: whoever may write letters can name any.
    """

    intake: JobIntake
    producer: Producer
    settings: KafkaSettings

    async def of(self, letter: DeadLetter) -> str:
        """Replay *letter* and say what happened.

        Raises `NotReplayableError` and what the stores raise, with nothing replayed.
        """
        return await (self._request_again(letter.request) if letter.request else self._send_back(letter))

    async def _request_again(self, request: JobRequested) -> str:
        options = [task.options for task in request.tasks]
        # The letter gives the idempotency key: replayed twice, it is still one new job. No client can choose this one,
        # as theirs stand behind their owner's name, which is never empty.
        key = f":dead-letter:{request.job_id}"
        try:
            record = await self.intake.accept(
                JobRequest(original_id=request.original.id, options=options), caller=ANYBODY, key=key
            )
        except (CropOutsideError, ImageUnknownError, KeyReusedError, TooManyTasksError) as exc:
            raise NotReplayableError(str(exc)) from exc
        return f"job {request.job_id} is asked for again as job {record.job.id}"

    async def _send_back(self, letter: DeadLetter) -> str:
        topic = letter.headers.get("icecube_topic", "")
        ours = self.settings
        if topic not in {*ours.request_topics, ours.results_topic, ours.topic, ours.events_topic}:
            message = f"the letter names the topic {printable(topic, most=64)!r}, which is none of ours"
            raise NotReplayableError(message)
        async with asyncio.timeout(SEND_SECONDS):
            signature = to_kafka(copy_signature(letter.headers))
            await (await self.producer.send(topic, letter.value, letter.key, headers=signature))
        return f"sent to {topic} again"


def _letter(record: ConsumedRecord, *, was_replayed: bool) -> DeadLetter:
    milliseconds: int = getattr(record, "timestamp", 0)
    return DeadLetter(
        partition=record.partition,
        offset=record.offset,
        put_aside_at=datetime.fromtimestamp(milliseconds / 1000, UTC),
        key=record.key,
        value=record.value,
        headers=from_kafka(record.headers),
        was_replayed=was_replayed,
    )
