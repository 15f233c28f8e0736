"""Measures requests, and shows all metrics of the process at `/metrics`."""

from fastapi import FastAPI
from prometheus_fastapi_instrumentator import Instrumentator
from prometheus_fastapi_instrumentator.metrics import Info

from common import metrics

PATH = "/metrics"
UNMEASURED = ("^/livez$", "^/readyz$", f"^{PATH}$")
"""Asked by machines every few seconds: their figures would hide those of clients."""


def add_metrics(app: FastAPI) -> None:
    """Measure every request by its route's template; serve `/metrics` outside of the API's schema."""
    instrumentator = Instrumentator(should_group_status_codes=False, excluded_handlers=list(UNMEASURED))
    instrumentator.add(_observe).instrument(app).expose(app, endpoint=PATH, include_in_schema=False)


def _observe(request: Info) -> None:
    metrics.HTTP_REQUEST_SECONDS.labels(request.method, request.modified_handler, request.modified_status).observe(
        request.modified_duration
    )
