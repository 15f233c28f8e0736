"""Exports spans if `OTEL_*` variables name a collector and the extra `otel` is installed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog
from opentelemetry import trace

log = structlog.get_logger(__name__)

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


@contextmanager
def exported_spans(service: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Export the spans of this process while the block runs, and those still unsent when it ends. Once a process.

    *service* is the default of OTEL_SERVICE_NAME. The other variables are read by OpenTelemetry's SDK itself:
    https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
    """
    if not _is_wanted(environment):
        yield
        return
    try:
        from common.telemetry.otlp import otlp_provider  # noqa: PLC0415 - an extra, which may be missing
    except ImportError as exc:
        log.warning("spans are not exported: install the extra `otel`", missing=exc.name)
        yield
        return
    provider = otlp_provider(service)
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()


def _is_wanted(environment: Mapping[str, str]) -> bool:
    is_off = (
        environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none"
    )
    return not is_off and any(environment.get(name) for name in _ENDPOINTS)
