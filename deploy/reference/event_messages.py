"""Our Kafka records as AsyncAPI messages: payloads from the event classes, examples from common/event_examples."""

import inspect
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from common.events import (
    BatchCompleted,
    Event,
    ImageDeleted,
    ImageExpired,
    JobCancelled,
    JobNotification,
    JobRequested,
    PublicEvent,
)
from deploy.reference.event_headers import cloud_event_headers, dead_letter_reasons

PUBLIC_EVENTS: tuple[type[PublicEvent], ...] = (JobCancelled, ImageDeleted, ImageExpired, BatchCompleted)
"""What the events topic carries."""
EVENTS: tuple[type[BaseModel], ...] = (*get_args(Event), JobNotification, *PUBLIC_EVENTS)
"""Every class of `common.events` that travels on its own."""
_SCHEMAS = "#/components/schemas/"
_KEY = {"kafka": {"key": {"type": "string", "format": "uuid", "description": "The id of what it is about."}}}


def examples() -> Iterator[tuple[str, str, str]]:
    """Yield the name of an event's class, the example's file name without its ending, and the example's text."""
    for file in sorted(files("common").joinpath("event_examples").iterdir(), key=lambda file: file.name):
        yield file.name.split(".")[0], file.name.removesuffix(".json"), file.read_text("utf-8")


def schemas() -> dict[str, Any]:
    """Return the schema of every event, of its parts, and of the headers."""
    _, built = models_json_schema([(event, "serialization") for event in EVENTS], ref_template=_SCHEMAS + "{model}")
    own = {"CloudEventHeaders": cloud_event_headers(), "DeadLetterHeaders": dead_letter_reasons()}
    return {**built["$defs"], **own}


def messages() -> dict[str, Any]:
    """Return every kind of record, by name."""
    return {
        **{event.__name__: _message(event) for event in EVENTS},
        "JobGivenUp": {
            **_message(JobRequested, "JobGivenUp", "DeadLetterHeaders"),
            "summary": "The request of a job whose attempts are used up, put aside for a person.",
        },
        "UnreadableEvent": {
            "name": "UnreadableEvent",
            "summary": "A record that is no event of ours, put aside byte for byte, key included.",
            "contentType": "application/octet-stream",
            "headers": _headers("icecube.UnreadableEvent", "DeadLetterHeaders"),
            "payload": {"description": "The bytes as they were found."},
        },
    }


def _message(event: type[BaseModel], event_type: str | None = None, *more_headers: str) -> dict[str, Any]:
    name = event.__name__
    # The notification existed before events had names: its record says what happened, not its type.
    spoken = event_type or ("JobEnded" if event is JobNotification else name)
    ce_type = event.event_type if issubclass(event, PublicEvent) else f"icecube.{spoken}"
    return {
        "name": event_type or name,
        "summary": inspect.getdoc(event),
        "contentType": "application/json",
        "headers": _headers(ce_type, *more_headers),
        "payload": {"$ref": _SCHEMAS + name},
        "bindings": _KEY,
        "examples": [{"name": title, "payload": json.loads(text)} for of, title, text in examples() if of == name],
    }


def _headers(ce_type: str, *more: str) -> dict[str, Any]:
    fixed = {"type": "object", "properties": {"ce_type": {"const": ce_type}}}
    return {"allOf": [*({"$ref": _SCHEMAS + name} for name in ("CloudEventHeaders", *more)), fixed]}
