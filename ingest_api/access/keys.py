"""The configured API keys: hashes, each with a scope and an owner."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from ingest_api.domain.caller import Caller, Scope


class UnauthenticatedError(Exception):
    """No API key, or one that is unknown."""


class ForbiddenError(Exception):
    """The API key does not allow this."""

    def __init__(self, needed: Scope) -> None:
        super().__init__(f"This API key does not allow it: it takes the scope {needed.name.lower()}.")


@dataclass(frozen=True, slots=True)
class AccessList:
    """The callers by the hashes of their keys. An empty list lets nobody in."""

    callers: Mapping[str, Caller]

    @classmethod
    def of(cls, entries: Iterable[str]) -> "AccessList":
        """Return the list of *entries*, `name:scope:hash[:owner]`; raise `ValueError` if two have the same key."""
        callers: dict[str, Caller] = {}
        for entry in entries:
            hashed, caller = _parse(*entry.split(":"))
            if callers.setdefault(hashed, caller) != caller:
                message = f"{callers[hashed].name} and {caller.name} have the same key"
                raise ValueError(message)
        return cls(callers)

    def caller_with(self, key: str | None) -> Caller:
        """Return the caller with *key*; raise `UnauthenticatedError`. Takes the same time for any wrong key."""
        if key is None:
            message = "An API key is needed: send it as `Authorization: Bearer …` or `X-API-Key: …`."
            raise UnauthenticatedError(message)
        hashed = hash_key(key)
        found = [caller for known, caller in self.callers.items() if hmac.compare_digest(known, hashed)]
        if not found:
            message = "This API key is not known."
            raise UnauthenticatedError(message)
        return found[0]


def hash_key(key: str) -> str:
    """Return the hash of *key*. Keys are long and random, so a plain hash is enough."""
    return sha256(key.encode()).hexdigest()


def _parse(name: str, scope: str, hashed: str, owner: str | None = None) -> tuple[str, Caller]:
    return hashed, Caller(name, Scope[scope.upper()], owner or name)
