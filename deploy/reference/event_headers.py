"""The headers of our Kafka records, as JSON schemas whose names come from the code that writes the headers."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from common.kafka.dead_letters import dead_letter_headers
from common.kafka.headers import event_headers
from common.kafka.signatures import SIGNATURE

_MEANING = {
    "content-type": "Always application/json.",
    "ce_specversion": "CloudEvents version.",
    "ce_id": "Id of the event, the same when it is sent again: drop an id you have seen.",
    "ce_type": "What happened.",
    "ce_source": "Which part of Icecube says so.",
    "ce_subject": "The id of what the event is about; of an unreadable record, an id derived from its place.",
    "ce_time": "When it happened, ISO 8601 with its zone.",
    "icecube_code": "Stable code of why it was put aside.",
    "icecube_reason": "The same for people.",
    "icecube_attempts": "How often it was tried.",
    "icecube_topic": "The topic it came from, or was to go to.",
    "icecube_bytes": "How long its value was; a long one is cut, at a million bytes or before.",
}
_PLACE = {
    "icecube_partition": {"type": "string", "description": "Where an unreadable record was found."},
    "icecube_offset": {"type": "string", "description": "Where an unreadable record was found."},
}
_TRACE = {"traceparent": {"type": "string", "description": "W3C trace context; absent outside a trace."}}
_SIGNATURE = {
    SIGNATURE: {
        "type": "string",
        "description": "v1= and HMAC-SHA256, in hex, of: the key's length in digits, a colon, the key, the value. On "
        "requests and results where signing keys are configured; a dead letter keeps the one its record came with.",
    }
}


def cloud_event_headers() -> dict[str, Any]:
    """Return the schema of the headers that every record has."""
    nil, then = UUID(int=0), datetime(2026, 1, 1, tzinfo=UTC)
    written = event_headers(event_id=nil, event_type="", source="", subject=nil, at=then)
    return _schema(list(written), _TRACE | _SIGNATURE)


def dead_letter_reasons() -> dict[str, Any]:
    """Return the schema of the headers that say why a record became a dead letter."""
    return _schema(list(dead_letter_headers(code="", reason="", attempts=1, topic="", value=None)), _PLACE)


def _schema(names: list[str], optional: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with *names*; raise `KeyError` for a header without a description here."""
    required = {name: {"type": "string", "description": _MEANING[name]} for name in names}
    return {"type": "object", "required": names, "properties": required | optional}
