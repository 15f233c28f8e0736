"""Lets pages of configured origins use the API."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from ingest_api.web.rate_limit_headers import FIELDS as RATE_LIMIT_FIELDS

_EXPOSED = (
    "ETag",
    "Location",
    "Link",
    "Retry-After",
    *RATE_LIMIT_FIELDS,
    "X-Request-ID",
)
"""Headers that a page's script may read, beside those it always may."""
_SENT = (
    "Authorization",
    "X-API-Key",
    "Content-Type",
    "Idempotency-Key",
    "Prefer",
    "Range",
    "If-Range",
    "If-None-Match",
)
_PREFLIGHT_SECONDS = 7200
"""How long browsers cache a preflight: the longest that Chromium accepts."""


def add_cors(app: FastAPI, origins: tuple[str, ...]) -> None:
    """Answer preflights and mark answers for pages of *origins*; `*` is every page. Cookies are never requested."""
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=_SENT,
            expose_headers=_EXPOSED,
            max_age=_PREFLIGHT_SECONDS,
        )
