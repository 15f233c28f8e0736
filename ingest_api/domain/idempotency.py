"""Idempotency keys: a repeated request with the same key gets the first answer, not a second job.

After the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256


class KeyReusedError(Exception):
    """The key was used for another request."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request; choose a new one.")


class FirstAnswerGoneError(Exception):
    """What was made under the key has been deleted."""

    def __init__(self) -> None:
        super().__init__("What was made under this Idempotency-Key has been deleted; choose a new one.")


_VERSION = "v2:"
"""How the fingerprint is made: from the request without defaults. A later release may use another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """A request to be done once, under the key that its client chose."""

    operation: str
    key: str
    fingerprint: str
    first_fingerprint: bytes
    """The first release's fingerprint; it reads no other. Remove this when no release reads it."""

    def check(self, *, stored: str | None, first: bytes) -> None:
        """Raise `KeyReusedError` if the fingerprints stored under the key are another request's.

        A row of the first release has no versioned one. That of a later release cannot be compared, and the client is
        believed.
        """
        if stored is None:
            is_same = first == self.first_fingerprint
        else:
            is_same = stored == self.fingerprint or not stored.startswith(_VERSION)
        if not is_same:
            raise KeyReusedError


def idempotency_key(
    operation: str, key: str | None, parts: Sequence[str], *, as_first_written: Sequence[str] | None = None
) -> IdempotencyKey | None:
    """Return the idempotency key of the request made of *parts*; None without a key.

    *as_first_written* are the parts by which the first release knows the request, if they differ.
    """
    if key is None:
        return None
    return IdempotencyKey(
        operation=operation,
        key=key,
        fingerprint=_VERSION + _digest(parts).hex(),
        first_fingerprint=_digest(parts if as_first_written is None else as_first_written),
    )


def _digest(parts: Sequence[str]) -> bytes:
    # Each part with its length: no two lists of parts make the same text.
    return sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).digest()
