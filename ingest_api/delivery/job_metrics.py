"""Counts what becomes of jobs and events."""

from common import metrics
from common.events import JobFailed, JobResult
from common.settings.groups import KafkaSettings
from ingest_api.job_store import JobRecord


def count_change(record: JobRecord, result: JobResult) -> None:
    """Count that *result* changed a job into *record*; to be called once that is committed."""
    job = record.job
    if job.ended_at is not None:
        metrics.JOBS_ENDED.labels(job.state, job.code or "").inc()
        metrics.JOB_SECONDS.labels(job.state).observe((job.ended_at - record.created_at).total_seconds())
    elif isinstance(result, JobFailed):
        metrics.ATTEMPTS_REPEATED.labels(result.code).inc()


def begin_at_zero(topics: KafkaSettings) -> None:
    """Show the series of misfortunes before the first: Prometheus sees no increase in one that is born at 1."""
    metrics.UNREADABLE_EVENTS.labels(topics.results_topic)
    for topic in (topics.jobs_topic, topics.topic, topics.dead_topic):
        metrics.EVENTS_NOT_SENT.labels(topic)
