"""Record headers: CloudEvents 1.0 attributes in binary mode, and the W3C trace context.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from common.tracing import trace_headers

Headers = dict[str, str]


def event_headers(*, event_id: UUID, event_type: str, source: str, subject: UUID, at: datetime) -> Headers:
    """Return the headers of one event.

    *event_type* is its CloudEvents type; *event_id* must be the same each time the same event is sent.
    """
    return {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": str(event_id),
        "ce_type": event_type,
        "ce_source": source,
        "ce_subject": str(subject),
        "ce_time": at.isoformat(),
        **trace_headers(),
    }


def to_kafka(headers: Mapping[str, str]) -> list[tuple[str, bytes]]:
    """Return *headers* in the form of Kafka clients."""
    return [(name, value.encode()) for name, value in headers.items()]


def from_kafka(headers: Iterable[tuple[str, bytes | None]] | Mapping[str, bytes | None] | None) -> Headers:
    """Return a record's headers as text. Undecodable bytes are replaced; the last of duplicates wins.

    Faust passes pairs from Kafka, a mapping from its own test context, or nothing.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
    return {name: (value or b"").decode("utf-8", "replace") for name, value in pairs}
