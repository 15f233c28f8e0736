"""Counts what becomes of jobs and events."""

from common import metrics
from common.events import JobFailed, JobResult
from common.settings.groups import KafkaSettings
from ingest_api.job_store import JobRecord

_MOST_CODES = 50
"""Different codes that metrics tell apart: what else a processor, or a stranger, may say is counted as "other"."""
_codes: set[str] = set()


def count_change(record: JobRecord, result: JobResult) -> None:
    """Count that *result* changed a job into *record*; to be called once that is committed."""
    if record.job.has_ended:
        count_end(record)
    elif isinstance(result, JobFailed):
        metrics.ATTEMPTS_REPEATED.labels(_label(result.code)).inc()


def count_end(record: JobRecord) -> None:
    """Count that the job of *record* has ended; to be called once that is committed."""
    job = record.job
    if job.ended_at is not None:
        metrics.JOBS_ENDED.labels(job.state, _label(job.code or "")).inc()
        metrics.JOB_SECONDS.labels(job.state).observe((job.ended_at - record.created_at).total_seconds())


def begin_at_zero(topics: KafkaSettings) -> None:
    """Show the series of misfortunes before the first: Prometheus sees no increase in one that is born at 1."""
    metrics.UNREADABLE_EVENTS.labels(topics.results_topic)
    for topic in (topics.jobs_topic, topics.topic, topics.dead_topic):
        metrics.EVENTS_NOT_SENT.labels(topic)
        metrics.EVENTS_REFUSED.labels(topic)


def _label(code: str) -> str:
    if code not in _codes and len(_codes) >= _MOST_CODES:
        return "other"
    _codes.add(code)
    return code
