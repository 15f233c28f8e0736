"""Makes the tracer provider of OpenTelemetry's SDK, with OTLP over HTTP; imports only with the extra `otel`."""

from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def otlp_provider(service: str) -> TracerProvider:
    """Return a provider that sends spans in batches, as `OTEL_*` variables configure; the caller shuts it down."""
    ours = Resource.create({SERVICE_NAME: service, SERVICE_VERSION: version("icecube")})
    provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
