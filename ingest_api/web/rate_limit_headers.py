"""Tells callers what their rate limit still allows, before they reach it.

These are the three fields of draft-ietf-httpapi-ratelimit-headers up to its sixth version. Clients and libraries read
them; later drafts put the same into `RateLimit` and `RateLimit-Policy`, in a syntax that changed from draft to draft.
"""

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest_api.access.rate_limits import Allowance

FIELDS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_ALLOWANCE = "rate_limit_allowance"


def add_rate_limit_headers(app: FastAPI, per_minute: int) -> None:
    """Add the headers to the answers of *app* if there is a limit."""
    if per_minute:
        app.add_middleware(RateLimitHeadersMiddleware)


def note_allowance(request: Request, allowance: Allowance) -> None:
    """Keep *allowance* for the headers of the answer to *request*."""
    request.scope["state"][_ALLOWANCE] = allowance


class RateLimitHeadersMiddleware:
    """Adds the headers to each answer for which an allowance was noted, the one with 429 included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            allowance = scope["state"].get(_ALLOWANCE)
            if message["type"] == "http.response.start" and allowance:
                MutableHeaders(scope=message).update(_fields(allowance))
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _fields(allowance: Allowance) -> dict[str, str]:
    values = (allowance.per_minute, allowance.remaining, allowance.reset_seconds)
    return dict(zip(FIELDS, map(str, values), strict=True))
