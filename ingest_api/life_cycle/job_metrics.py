"""Counts the outcomes of jobs and events."""

from common import metrics
from common.events import JobFailed, JobResult
from common.settings.groups import KafkaSettings
from ingest_api.job_store import JobRecord

_MOST_CODES = 50
"""How many codes metrics distinguish; further ones, from a processor or a stranger, count as "other"."""
_codes: set[str] = set()


def count_change(record: JobRecord, result: JobResult) -> None:
    """Count that *result* changed a job into *record*; call this after the commit."""
    if record.job.has_ended:
        count_end(record)
    elif isinstance(result, JobFailed):
        metrics.ATTEMPTS_REPEATED.labels(_label(result.code)).inc()


def count_end(record: JobRecord) -> None:
    """Count that the job of *record* has ended; call this after the commit."""
    job = record.job
    if job.ended_at is not None:
        metrics.JOBS_ENDED.labels(job.state, _label(job.code or "")).inc()
        metrics.JOB_SECONDS.labels(job.state).observe((job.ended_at - record.created_at).total_seconds())


def begin_at_zero(topics: KafkaSettings) -> None:
    """Export the series of failures at zero: Prometheus sees no increase in a series that starts at 1."""
    metrics.UNREADABLE_EVENTS.labels(topics.results_topic)
    for topic in (*topics.request_topics, topics.topic, topics.events_topic, topics.dead_topic):
        metrics.EVENTS_NOT_SENT.labels(topic)
        metrics.EVENTS_REFUSED.labels(topic)


def _label(code: str) -> str:
    if code not in _codes and len(_codes) >= _MOST_CODES:
        return "other"
    _codes.add(code)
    return code
