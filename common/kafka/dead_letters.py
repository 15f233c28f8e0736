"""Dead letters: events that could not be handled, put aside byte for byte with the reason in their headers."""

from datetime import datetime

from common.ids import derived_id
from common.kafka.clients import ConsumedRecord
from common.kafka.headers import Headers, event_headers


def dead_letter_headers(*, code: str, reason: str, attempts: int, topic: str) -> Headers:
    """Return the headers that say why an event of *topic* was put aside."""
    return {
        "icecube_code": code,
        "icecube_reason": reason,
        "icecube_attempts": str(attempts),
        "icecube_topic": topic,
    }


def unreadable_headers(record: ConsumedRecord, reason: str, *, source: str, at: datetime) -> Headers:
    """Return the headers of a record that is no event of ours. Its id is derived from its place, so twice is one."""
    place = derived_id("UnreadableEvent", record.topic, record.partition, record.offset)
    return (
        event_headers(event_id=place, event_type="UnreadableEvent", source=source, subject=place, at=at)
        | dead_letter_headers(code="unreadable_event", reason=reason, attempts=1, topic=record.topic)
        | {"icecube_partition": str(record.partition), "icecube_offset": str(record.offset)}
    )
