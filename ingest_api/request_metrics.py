"""Measures requests and says how they are traced; shows all metrics of the process at `/metrics`."""

import re

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from prometheus_fastapi_instrumentator import Instrumentator
from prometheus_fastapi_instrumentator.metrics import Info

from common import metrics

PATH = "/metrics"
UNMEASURED = ("^/livez$", "^/readyz$", f"^{PATH}$")
"""Asked by machines every few seconds: their figures would hide those of clients."""

TELEMETRY: TelemetryConfig = {
    # A span for each request, by FastAPI itself, where a tracer is installed. Metrics are ours, and so are logs.
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
    "exclude": lambda scope: any(re.match(path, scope.get("path", "")) for path in UNMEASURED),
}


def add_metrics(app: FastAPI) -> None:
    """Measure every request by its route's template; serve `/metrics` outside of the API's schema."""
    instrumentator = Instrumentator(
        should_group_status_codes=False, excluded_handlers=list(UNMEASURED), registry=metrics.API
    )
    instrumentator.add(_observe).instrument(app).expose(app, endpoint=PATH, include_in_schema=False)


def _observe(request: Info) -> None:
    metrics.HTTP_REQUEST_SECONDS.labels(request.method, request.modified_handler, request.modified_status).observe(
        request.modified_duration
    )
