"""A collector that keeps the spans it is sent by OTLP over HTTP."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class Exported:
    """A span as a collector gets it; ids in hex."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    seconds: float


@dataclass
class Collector:
    """Where to send spans, and those that came."""

    endpoint: str = ""
    spans: list[Exported] = field(default_factory=list)

    def wait_for(self, enough: Callable[[list[Exported]], bool], *, seconds: float) -> list[Exported]:
        """Return the spans as soon as they are *enough*, and after *seconds* in any case."""
        deadline = time.monotonic() + seconds
        while not enough(list(self.spans)) and time.monotonic() < deadline:
            time.sleep(0.05)
        return list(self.spans)


@contextmanager
def running_collector() -> Iterator[Collector]:
    """Run a collector for as long as the block runs."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.spans.extend(_spans(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - named by http.server
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def _spans(body: bytes) -> Iterator[Exported]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        (service,) = [each.value.string_value for each in resource.resource.attributes if each.key == "service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Exported(
                    service=service,
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                )
