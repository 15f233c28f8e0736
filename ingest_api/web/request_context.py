"""Gives every request its id and its trace, in the logs and in the answer."""

import re
from collections.abc import Mapping

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.ids import new_id_text
from common.tracing import TRACE_FIELDS, begin_trace, continue_trace, trace_headers

_ID_HEADER = b"x-request-id"
_SAFE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_TRACE_HEADERS = [(name.encode(), name) for name in TRACE_FIELDS]


class RequestContextMiddleware:
    """Uses the caller's `X-Request-ID` and `traceparent` if they are valid, else makes new ones.

    The answer has both: the id as it is, and the trace as it continues here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with its id and trace bound."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"])
        request_id = _usable(given.get(_ID_HEADER)) or new_id_text()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = {_ID_HEADER: request_id.encode(), **_encode(trace_headers())}
                message["headers"] = [*message["headers"], *added.items()]
            await send(message)

        # An installed tracer has already begun a span for this request, which continues the caller's trace.
        carried = trace_headers() or _trace_in(given)
        with continue_trace(carried) if carried else begin_trace() as trace_id:
            # Never unbound: the server gives each request its own context, which ends with it.
            structlog.contextvars.bind_contextvars(request_id=request_id, trace_id=trace_id)
            await self._app(scope, receive, send_with_id)


def _usable(given: bytes | None) -> str | None:
    return given.decode() if given and _SAFE_ID.fullmatch(given) else None


def _trace_in(given: Mapping[bytes, bytes]) -> dict[str, str]:
    return {name: given[raw].decode("latin-1") for raw, name in _TRACE_HEADERS if raw in given}


def _encode(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in headers.items()}
