"""Who may cache an image's bytes, and for how long: `Cache-Control` for each kind of access."""

from dataclasses import dataclass
from datetime import datetime

_YEAR = 31_536_000
_HOUR = 3600
_REDIRECT_SECONDS = 1800
"""How long a redirect may be cached: much shorter than its URL works."""


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """The headers that instruct caches."""

    cache_control: str
    vary: str | None = None
    redirect_seconds: int = _REDIRECT_SECONDS


OPEN = CachePolicy(f"public, max-age={_YEAR}, immutable")
"""Anybody may read the image, so any cache may keep it."""

KEYED = CachePolicy(f"private, max-age={_HOUR}", vary="Authorization, X-API-Key")
"""Only the browser that sent the key may keep it, for requests with the same key."""


def until(expires_at: datetime, *, at: datetime) -> CachePolicy:
    """Return the policy for a signed URL: anybody who has it may read it, so caches may keep it until it expires."""
    seconds = max(0, min(_YEAR, int((expires_at - at).total_seconds())))
    return CachePolicy(f"public, max-age={seconds}", redirect_seconds=min(seconds, _REDIRECT_SECONDS))
