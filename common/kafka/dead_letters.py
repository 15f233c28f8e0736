"""Dead letters: events that could not be handled, put aside byte for byte with the reason in their headers.

What a stranger wrote must not keep its own dead letter from being stored or sent: it bounds nothing itself.
"""

from datetime import datetime

from common.ids import derived_id
from common.kafka.clients import ConsumedRecord
from common.kafka.headers import Headers, event_headers

_LARGEST_VALUE_BYTES = 1_000_000
"""What brokers take by default (`message.max.bytes`, 1 MiB), less room for the key and our headers."""
_LARGEST_KEY_BYTES = 1_000
_LONGEST_REASON = 500


def bounded(record: ConsumedRecord) -> tuple[bytes | None, bytes | None]:
    """Return the key and the value to put aside: those of *record*, or their beginnings where they are too large."""
    key, value = record.key, record.value
    return key and key[:_LARGEST_KEY_BYTES], value and value[:_LARGEST_VALUE_BYTES]


def dead_letter_headers(*, code: str, reason: str, attempts: int, topic: str) -> Headers:
    """Return the headers that say why an event of *topic* was put aside."""
    return {
        "icecube_code": code,
        "icecube_reason": reason,
        "icecube_attempts": str(attempts),
        "icecube_topic": topic,
    }


def unreadable_headers(record: ConsumedRecord, reason: str, *, source: str, at: datetime) -> Headers:
    """Return the headers of a record that is no event of ours. Its id is derived from its place, so twice is one.

    `icecube_bytes` tells how long its value was, of which `bounded` may have cut something.
    """
    place = derived_id("UnreadableEvent", record.topic, record.partition, record.offset)
    return (
        event_headers(event_id=place, event_type="UnreadableEvent", source=source, subject=place, at=at)
        | dead_letter_headers(code="unreadable_event", reason=_printable(reason), attempts=1, topic=record.topic)
        | {"icecube_partition": str(record.partition), "icecube_offset": str(record.offset)}
        | {"icecube_bytes": str(len(record.value or b""))}
    )


def _printable(reason: str) -> str:
    # It may quote the stranger: PostgreSQL takes no NUL, and a header is no place for 20 kB.
    return "".join(character if character.isprintable() else "?" for character in reason[:_LONGEST_REASON])
