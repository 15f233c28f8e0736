"""How a trace travels on Kafka."""

from opentelemetry import baggage

from common.tracing import continue_trace, trace_headers

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_record_brings_its_trace_and_nothing_else() -> None:
    """A stranger's baggage is not taken along, nor logged for what is wrong with it."""
    with continue_trace({"traceparent": PARENT, "tracestate": "a=b", "baggage": "key=value"}) as trace_id:
        carried, kept = baggage.get_all(), trace_headers()

    assert trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert carried == {}
    assert kept == {"traceparent": PARENT}
