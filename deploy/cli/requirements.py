"""Checks that a command that runs alone has all it needs configured: it embeds nothing."""

from common.settings.groups import BlobType, DatabaseType
from common.settings.model import Settings

_DATABASE = frozenset({"api", "migrate", "dead replay", "gc"})
_KAFKA = frozenset({"api", "processor", "topics", "dead list", "dead show", "dead replay"})
_BLOBS = frozenset({"api", "processor", "gc"})


def missing_for(command: str, settings: Settings) -> list[str]:
    """Return a line for everything that *command* needs and *settings* leave to `icecube up`."""
    lines = []
    if command in _DATABASE and settings.database.type is not DatabaseType.POSTGRES:
        lines.append(
            f"database.type (ICECUBE_DATABASE_TYPE) is {settings.database.type}: "
            "it must be postgres, with database.uri (ICECUBE_DATABASE_URI)"
        )
    if command in _KAFKA and not settings.kafka.broker_list:
        lines.append("kafka.brokers (ICECUBE_KAFKA_BROKERS) is not set: host:port, comma-separated")
    if command in _BLOBS and settings.blob.type is BlobType.MEMORY:
        lines.append("blob.type (ICECUBE_BLOB_TYPE) is memory: it must be disk or s3")
    return lines


def refusal(command: str, missing: list[str]) -> str:
    """Return the message that names all *missing* settings, and the remedy."""
    head = f"icecube {command} runs alone and needs what is not configured:"
    tail = "Memory and embedded parts are what `icecube up` provides."
    return "\n".join([head, *(f"  {line}" for line in missing), tail])
