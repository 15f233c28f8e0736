"""Dead letters: events that could not be handled, kept byte for byte with the reason in their headers.

A stranger's record has no bounds of its own, so these bounds make sure that its dead letter can be stored and sent.
"""

from datetime import datetime

from common.failure_codes import FailureCode
from common.ids import derived_id
from common.kafka.clients import ConsumedRecord
from common.kafka.headers import Headers, event_headers, from_kafka
from common.kafka.signatures import copy_signature
from common.texts import code_of, printable

_LARGEST_VALUE_BYTES = 1_000_000
"""What brokers accept by default (`message.max.bytes`, 1 MiB), less room for the key and our headers."""
_LARGEST_KEY_BYTES = 1_000
_LONGEST_REASON = 500


def cut_to_fit(key: bytes | None, value: bytes | None) -> tuple[bytes | None, bytes | None]:
    """Return *key* and *value* for a dead letter, cut where they are too large.

    At least one of them is not None: Kafka's clients cannot send a record with neither.
    """
    if key is None and value is None:
        return b"", None
    return key and key[:_LARGEST_KEY_BYTES], value and value[:_LARGEST_VALUE_BYTES]


def shorten(value: bytes | None) -> bytes | None:
    """Return the first quarter of a *value* that Kafka refused as too large; None when nothing is left."""
    return value[: len(value) // 4] or None if value else None


def dead_letter_headers(*, code: str, reason: str, attempts: int, topic: str, value: bytes | None) -> Headers:
    """Return the headers that say why an event of *topic* became a dead letter.

    `icecube_bytes` is the length of its *value*, which the dead letter may have cut.
    """
    return {
        "icecube_code": code_of(code),
        "icecube_reason": printable(reason, most=_LONGEST_REASON),  # it may quote the stranger
        "icecube_attempts": str(attempts),
        "icecube_topic": topic,
        "icecube_bytes": str(len(value or b"")),
    }


def unreadable_headers(
    record: ConsumedRecord, reason: str, *, source: str, at: datetime, code: str = FailureCode.UNREADABLE_EVENT
) -> Headers:
    """Return the headers of a record that cannot be read or applied; its place in Kafka gives the event id."""
    place = derived_id("UnreadableEvent", record.topic, record.partition, record.offset)
    return (
        event_headers(event_id=place, event_type="icecube.UnreadableEvent", source=source, subject=place, at=at)
        | dead_letter_headers(code=code, reason=reason, attempts=1, topic=record.topic, value=record.value)
        | {"icecube_partition": str(record.partition), "icecube_offset": str(record.offset)}
        | copy_signature(from_kafka(record.headers))
    )
