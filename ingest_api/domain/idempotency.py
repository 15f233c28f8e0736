"""Requests that a client may send again: the same key and request get the first answer, not a second job.

After the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256


class KeyReusedError(Exception):
    """The key was used for another request."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request; choose a new one.")


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A request to be done once: what is asked for, under the key that its client chose."""

    operation: str
    key: str
    fingerprint: bytes


def idempotency_key(operation: str, key: str | None, parts: Iterable[str]) -> IdempotencyKey | None:
    """Return how to recognise the request made of *parts*; None without a key."""
    if key is None:
        return None
    # Each part with its length: no two lists of parts make the same text.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return IdempotencyKey(operation, key, sha256(text.encode()).digest())
