"""Gives every request its id and its trace, in the logs and in the answer."""

import re

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.ids import new_id
from common.tracing import continued_trace, trace_headers

_ID_HEADER = "X-Request-ID"
_SAFE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class RequestContextMiddleware:
    """Takes `X-Request-ID` and `traceparent` from the caller where they are usable, else gives new ones.

    Both are told in the answer: the id as it is, the trace as it goes on from here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with its id and trace bound."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(_ID_HEADER, "")
        request_id = given if _SAFE_ID.fullmatch(given) else str(new_id())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update({_ID_HEADER: request_id, **trace_headers()})
            await send(message)

        with (
            # A tracer that runs has begun a span for this request already, which continues the caller's trace.
            continued_trace(trace_headers() or headers) as trace_id,
            structlog.contextvars.bound_contextvars(request_id=request_id, trace_id=trace_id),
        ):
            await self._app(scope, receive, send_with_id)
