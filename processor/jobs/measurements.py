"""Measures and traces a processor's work, in one place so that metrics and spans agree."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum

from common import metrics
from common.events import FinishedVariant, JobRequested, JobSucceeded
from common.settings.groups import KafkaSettings
from common.tracing import record_span
from processor.engine import MadeVariant
from processor.pool import Loss


class Stage(StrEnum):
    """A part of the work on a job, as the label of its metric."""

    FETCH = "fetch"
    MAKE = "make"
    STORE = "store"


_SPANS = {Stage.FETCH: "fetch original", Stage.MAKE: "make variants", Stage.STORE: "store variants"}


@contextmanager
def stage(name: Stage) -> Iterator[None]:
    """Measure and trace the block, whether or not it succeeds."""
    with record_span(_SPANS[name]), metrics.STAGE_SECONDS.labels(name).time():
        yield


def observe_making(made: Sequence[MadeVariant]) -> None:
    """Observe the times that an image process reports for a job."""
    metrics.STAGE_SECONDS.labels("decode_resize").observe(sum(variant.picture_seconds for variant in made))
    metrics.STAGE_SECONDS.labels("encode").observe(sum(variant.encode_seconds for variant in made))


def count_success(job: JobRequested, success: JobSucceeded) -> None:
    """Count an attempt that stored all variants, and their bytes."""
    metrics.ATTEMPTS_ENDED.labels("succeeded", "").inc()
    metrics.ORIGINAL_BYTES.labels(job.original.format).inc(job.original.byte_size)
    for variant in success.variants:
        count_variant(job, variant, is_reused=variant.id in success.reused)


def count_variant(job: JobRequested, variant: FinishedVariant, *, is_reused: bool) -> None:
    """Count a stored variant, and its bytes."""
    if is_reused:
        metrics.VARIANTS_REUSED.labels(variant.format).inc()
    metrics.VARIANT_BYTES.labels(variant.format).inc(variant.byte_size)
    # A variant in a less efficient format may be larger; that saves nothing, and counters never fall.
    metrics.SAVED_BYTES.labels(variant.format).inc(max(0, job.original.byte_size - variant.byte_size))


def count_failure(code: str) -> None:
    """Count an attempt that ended without variants."""
    metrics.ATTEMPTS_ENDED.labels("failed", code).inc()


def begin_at_zero(topics: KafkaSettings) -> None:
    """Export the series of failures at zero: Prometheus sees no increase in a series that starts at 1."""
    for topic in topics.request_topics:
        metrics.UNREADABLE_EVENTS.labels(topic)
    for reason in Loss:
        metrics.IMAGE_PROCESSES_LOST.labels(reason)
