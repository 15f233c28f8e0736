"""Who may cache an image's bytes, and for how long: `Cache-Control` for each kind of access."""

from dataclasses import dataclass, replace
from datetime import datetime

_YEAR = 31_536_000
_HOUR = 3600
_REDIRECT_SECONDS = 1800
"""How long a redirect may be cached: much shorter than its URL works."""


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """The headers that instruct caches."""

    scope: str
    max_age: int
    immutable: bool = False
    vary: str | None = None

    @property
    def cache_control(self) -> str:
        """The header."""
        return f"{self.scope}, max-age={self.max_age}{', immutable' if self.immutable else ''}"

    @property
    def redirect_seconds(self) -> int:
        """How long a redirect may be cached."""
        return min(self.max_age, _REDIRECT_SECONDS)

    def ending(self, expires_at: datetime | None, *, at: datetime) -> "CachePolicy":
        """Return the policy for an image that expires, if it does: no cache may keep it longer."""
        if expires_at is None:
            return self
        return replace(self, max_age=min(self.max_age, _seconds_until(expires_at, at)))


OPEN = CachePolicy("public", _YEAR, immutable=True)
"""Anybody may read the image, so any cache may keep it."""

KEYED = CachePolicy("private", _HOUR, vary="Authorization, X-API-Key")
"""Only the browser that sent the key may keep it, for requests with the same key."""


def until(expires_at: datetime, *, at: datetime) -> CachePolicy:
    """Return the policy for a signed URL: anybody who has it may read it, so caches may keep it until it expires."""
    return CachePolicy("public", min(_YEAR, _seconds_until(expires_at, at)))


def _seconds_until(moment: datetime, at: datetime) -> int:
    return max(0, int((moment - at).total_seconds()))
