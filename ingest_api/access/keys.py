"""Who may do what: API keys, kept as hashes, each with a scope."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from common.settings.groups import AccessSettings


class Scope(IntEnum):
    """What a key allows; each includes those before it."""

    READ = 1
    WRITE = 2
    ADMIN = 3


class UnauthenticatedError(Exception):
    """No API key, or one that is unknown."""


class ForbiddenError(Exception):
    """The API key does not allow this."""

    def __init__(self, needed: Scope) -> None:
        super().__init__(f"This API key does not allow it: it takes the scope {needed.name.lower()}.")


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks: a name for logs and limits, never the key itself."""

    name: str
    scope: Scope


ANYBODY = Caller("anybody", Scope.ADMIN)
"""Every caller, where no keys are configured."""


@dataclass(frozen=True, slots=True)
class AccessList:
    """The configured keys by their hashes; empty: open to anybody."""

    callers: Mapping[str, Caller]

    @classmethod
    def of(cls, settings: AccessSettings) -> "AccessList":
        """Return the list of the configured keys."""
        return cls(dict(_entry(*entry.split(":")) for entry in settings.api_keys))

    def caller_with(self, key: str | None) -> Caller:
        """Return who has *key*; raise `UnauthenticatedError`. Takes the same time for any wrong key."""
        if not self.callers:
            return ANYBODY
        if key is None:
            message = "An API key is needed: send it as `Authorization: Bearer …` or `X-API-Key: …`."
            raise UnauthenticatedError(message)
        hashed = hashed_key(key)
        found = [caller for known, caller in self.callers.items() if hmac.compare_digest(known, hashed)]
        if not found:
            message = "This API key is not known."
            raise UnauthenticatedError(message)
        return found[0]


def hashed_key(key: str) -> str:
    """Return the hash under which *key* is configured. Keys are long and random, so one plain hash is enough."""
    return sha256(key.encode()).hexdigest()


def _entry(name: str, scope: str, hashed: str) -> tuple[str, Caller]:
    return hashed, Caller(name, Scope[scope.upper()])
