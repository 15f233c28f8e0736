"""One trace tells the whole story of a job, across processes and through outbox and Kafka."""

from tests.integration.observability.collector import Exported
from tests.integration.observability.observed import Observed, finished_job, new_trace

STORY = {
    "POST /api/v1/images": ("icecube-api", None),
    "POST /api/v1/job": ("icecube-api", None),
    "send icecube.jobs": ("icecube-api", "POST /api/v1/job"),
    "process icecube.jobs": ("icecube-processor", "send icecube.jobs"),
    "fetch original": ("icecube-processor", "process icecube.jobs"),
    "make variants": ("icecube-processor", "process icecube.jobs"),
    "store variants": ("icecube-processor", "process icecube.jobs"),
    "apply JobStarted": ("icecube-api", "process icecube.jobs"),
    "apply JobSucceeded": ("icecube-api", "process icecube.jobs"),
    "send image-jobs": ("icecube-api", "apply JobSucceeded"),
}
"""Each span's process, and the span it is a part or a consequence of; None: the client's own."""


def test_one_trace_from_the_upload_to_the_notification(observed: Observed) -> None:
    """A client that sends its trace with upload and job finds every step in it, each below the one that led to it."""
    client = new_trace()

    status = finished_job(observed.icecube, client.headers)
    exported = observed.collector.wait_for(
        lambda spans: STORY.keys() <= _by_name(spans, client.trace_id).keys(), seconds=60
    )

    assert status == "completed"
    spans = _by_name(exported, client.trace_id)
    ids = {None: client.parent_id} | {name: span.span_id for name, span in spans.items()}
    told = {name: (spans[name].service, spans[name].parent_id) for name in STORY if name in spans}
    assert told == {name: (service, ids[parent]) for name, (service, parent) in STORY.items()}


def _by_name(spans: list[Exported], trace_id: str) -> dict[str, Exported]:
    return {span.name: span for span in spans if span.trace_id == trace_id}
