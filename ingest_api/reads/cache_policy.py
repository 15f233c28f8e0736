"""Who may keep an image's bytes, and for how long: `Cache-Control` for each way of being let in."""

from dataclasses import dataclass
from datetime import datetime

_YEAR = 31_536_000
_HOUR = 3600
_REDIRECT_SECONDS = 1800
"""How long a redirect may be remembered: well within the life of the URL it leads to."""


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What answers tell caches."""

    cache_control: str
    vary: str | None = None
    redirect_seconds: int = _REDIRECT_SECONDS


OPEN = CachePolicy(f"public, max-age={_YEAR}, immutable")
"""Anybody may read it, so anybody may keep it."""

KEYED = CachePolicy(f"private, max-age={_HOUR}", vary="Authorization, X-API-Key")
"""Only the browser that sent the key may keep it, for requests with the same key."""


def until(expires_at: datetime, *, at: datetime) -> CachePolicy:
    """Return the policy for a signed URL: whoever has it may read it, so caches may keep it, to its end at most."""
    seconds = max(0, min(_YEAR, int((expires_at - at).total_seconds())))
    return CachePolicy(f"public, max-age={seconds}", redirect_seconds=min(seconds, _REDIRECT_SECONDS))
