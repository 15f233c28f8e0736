"""Spans are exported where that is wanted and possible, and nothing breaks where it is not."""

import subprocess
import sys

from tests.integration.observability.collector import running_collector
from tests.integration.observability.test_alerts import ROOT

_PROGRAM = """
import os, sys
{before}
from common.telemetry.exporting import exported_spans
from common.tracing import record_span
with exported_spans("icecube-test", os.environ), record_span("work"):
    print("worked")
"""


def ran(environment: dict[str, str], *, before: str = "") -> str:
    """Run a program that records a span, in a process of its own as the tracer is one a process; return its output."""
    program = _PROGRAM.format(before=before)
    process = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return process.stdout + process.stderr


def test_the_last_spans_go_out_before_the_process_does() -> None:
    """What is recorded just before the end arrives, under the service's name or the one that is configured."""
    with running_collector() as collector:
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "60000"}
        ran(told)
        ran({**told, "OTEL_SERVICE_NAME": "named"})

        assert [(span.service, span.name) for span in collector.spans] == [("icecube-test", "work"), ("named", "work")]


def test_nothing_is_exported_unasked() -> None:
    """Without an endpoint, or switched off, no tracer is installed."""
    with running_collector() as collector:
        ran({})
        ran({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_SDK_DISABLED": "true"})
        ran({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_TRACES_EXPORTER": "none"})

        assert collector.spans == []


def test_without_the_extra_the_service_runs() -> None:
    """Who asks for spans without the extra is told what to install, and served."""
    output = ran(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, before="sys.modules['opentelemetry.sdk'] = None"
    )

    assert "worked" in output
    assert "install the extra `otel`" in output


def test_a_collector_that_is_away_stops_nobody() -> None:
    """Spans are lost then; work is not."""
    output = ran({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"})

    assert "worked" in output
