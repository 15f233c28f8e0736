"""Sends one record to Kafka, and decides what a failure means: an outage, or a record that can never be sent.

KafkaError, TimeoutError    an outage, or a mistake that an operator can mend: the same record may be sent later
RecordRefusedError          the record itself is the trouble: it is given up, or holds back others for ever
"""

import asyncio

from aiokafka import errors

from common.kafka.clients import SEND_SECONDS, Producer, SentRecord
from common.kafka.headers import Headers, to_kafka
from common.settings.topic_names import is_topic_name

_REFUSALS = (
    errors.InvalidTimestampError,
    errors.InvalidTopicError,
    errors.MessageSizeTooLargeError,
    errors.RecordListTooLargeError,
    errors.RecordTooLargeError,
    errors.UnsupportedForMessageFormatError,
)
_NO_RECORDS = (AssertionError, AttributeError, OverflowError, TypeError, ValueError)
"""What aiokafka raises for a record it cannot write, such as one with neither key nor value."""


class RecordRefusedError(Exception):
    """Kafka, or its client, will never take this record; the message says why."""


async def send(
    producer: Producer, topic: str, value: bytes | None, key: bytes | None, *, headers: Headers
) -> SentRecord:
    """Send the record; return its place once all in-sync replicas have it.

    Raises `RecordRefusedError`, and `KafkaError` or `TimeoutError` for an outage.
    """
    if not is_topic_name(topic):
        # aiokafka would wait for such a topic until its timeout, as for one that does not exist yet.
        message = f"{topic!r} is not a valid topic name"
        raise RecordRefusedError(message)
    try:
        async with asyncio.timeout(SEND_SECONDS + 1):
            return await (await producer.send(topic, value, key, headers=to_kafka(headers)))
    except (*_REFUSALS, *_NO_RECORDS) as exc:
        message = f"{type(exc).__name__}: {exc}"
        raise RecordRefusedError(message) from exc
