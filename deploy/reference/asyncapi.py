"""The Kafka surface, as AsyncAPI 3.0: https://www.asyncapi.com/docs/reference/specification/v3.0.0 ."""

from importlib.metadata import version
from typing import Any

from common.settings.groups import KafkaSettings
from deploy.reference.event_messages import PUBLIC_EVENTS, messages, schemas

_CARRIES = {
    "jobs": ("jobs_topic", ("JobRequested",)),
    "bulkJobs": ("bulk_topic", ("JobRequested",)),
    "results": ("results_topic", ("JobStarted", "JobProgressed", "JobSucceeded", "JobFailed")),
    "notifications": ("topic", ("JobNotification",)),
    "events": ("events_topic", tuple(event.__name__ for event in PUBLIC_EVENTS)),
    "deadLetters": ("dead_topic", ("JobGivenUp", "UnreadableEvent")),
}
"""Each channel with the setting that names its topic, and its messages."""
_OPERATIONS = (
    ("requestJob", "send", "jobs", None, "The API requests a job from the processors, after committing it."),
    ("takeJob", "receive", "jobs", "processor_group", "A processor takes a job."),
    ("requestBulkJob", "send", "bulkJobs", None, "The API requests a bulk job, after committing it."),
    ("takeBulkJob", "receive", "bulkJobs", "processor_group", "A processor takes a bulk job."),
    ("reportResult", "send", "results", None, "A processor reports the start or the result of an attempt."),
    ("recordResult", "receive", "results", "results_group", "The API records a result; the first final one wins."),
    ("announceEnd", "send", "notifications", None, "The API announces the end of a job, after committing it."),
    (
        "announceEvent",
        "send",
        "events",
        None,
        "The API announces what happens to jobs and images, after committing it.",
    ),
    (
        "putAside",
        "send",
        "deadLetters",
        None,
        "API and processors write dead letters for records that they cannot handle.",
    ),
)


def asyncapi() -> dict[str, Any]:
    """Return the document; topics, groups and partitions are those of the default settings."""
    settings = KafkaSettings()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Icecube events",
            "version": version("icecube"),
            "description": "Only the notifications and the events are promised to other systems. Every record may come "
            "twice, with the same ce_id. Members and headers may be added at any time: ignore those you do not know.",
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": _server(settings)},
        "channels": {name: _channel(settings, *carried) for name, carried in _CARRIES.items()},
        "operations": {name: _operation(settings, *details) for name, *details in _OPERATIONS},
        "components": {"messages": messages(), "schemas": schemas()},
    }


def _server(settings: KafkaSettings) -> dict[str, Any]:
    brokers = {"default": settings.brokers or "127.0.0.1:9092", "description": "ICECUBE_KAFKA_BROKERS"}
    return {"host": "{brokers}", "protocol": "kafka", "variables": {"brokers": brokers}}


def _channel(settings: KafkaSettings, topic: str, carried: tuple[str, ...]) -> dict[str, Any]:
    return {
        "address": getattr(settings, topic),
        "description": KafkaSettings.model_fields[topic].description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in carried},
    }


def _operation(settings: KafkaSettings, action: str, channel: str, group: str | None, summary: str) -> dict[str, Any]:
    read_by = {"groupId": {"type": "string", "const": getattr(settings, group)}} if group else {}
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        **({"bindings": {"kafka": read_by}} if read_by else {}),
    }
