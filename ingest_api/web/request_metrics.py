"""Measures requests, configures their tracing, and serves all metrics of the process at `/metrics`."""

from functools import cache
from time import perf_counter

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common import metrics
from common.tracing import has_tracer

PATH = "/metrics"
UNMEASURED = frozenset({"/livez", "/readyz", PATH})
"""Machines request these every few seconds; they would distort the figures of clients."""

_timer = cache(metrics.HTTP_REQUEST_SECONDS.labels)


class RequestMetricsMiddleware:
    """Times every request to the end of its answer.

    Libraries for this match the route again, which costs as much as all our other middleware.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, and note its route, status and time."""
        if scope["type"] != "http" or scope["path"] in UNMEASURED:
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 500  # if nothing of ours answers, the server does

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note_status)
        finally:
            seconds = perf_counter() - began
            _timer(scope["method"], _template(scope), status).observe(seconds)


def telemetry() -> TelemetryConfig:
    """Return FastAPI's telemetry: a span for each request. We make metrics and logs ourselves.

    Without a tracer it is disabled, so that FastAPI does not look for one at every request.
    """
    return {
        "tracing": has_tracer(),
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": False,
        "exclude": lambda scope: scope.get("path") in UNMEASURED,
    }


def add_metrics(app: FastAPI) -> None:
    """Measure every request by its route's template; serve `/metrics` outside of the API's schema."""
    app.add_middleware(RequestMetricsMiddleware)
    app.add_route(PATH, _show, methods=["GET"], include_in_schema=False)


async def _show(_: Request) -> Response:
    return Response(generate_latest(metrics.API), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _template(scope: Scope) -> str:
    """Return the path of the route that *scope* has matched, its parameters by their names."""
    if route := scope.get("route"):
        return str(route.path)
    # Starlette's own routes leave only their endpoint. Those we have, the pages, take no parameters.
    return scope["path"] if "endpoint" in scope else "none"
