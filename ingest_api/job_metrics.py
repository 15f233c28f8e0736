"""Counts what becomes of jobs, once it is committed."""

from common import metrics
from common.events import JobFailed, JobResult
from ingest_api.job_store import JobRecord


def count_change(record: JobRecord, result: JobResult) -> None:
    """Count that *result* changed a job into *record*."""
    job = record.job
    if job.ended_at is not None:
        metrics.JOBS_ENDED.labels(job.state, job.code or "").inc()
        metrics.JOB_SECONDS.labels(job.state).observe((job.ended_at - record.created_at).total_seconds())
    elif isinstance(result, JobFailed):
        metrics.ATTEMPTS_REPEATED.labels(result.code).inc()
