"""Ends jobs: the one place, whatever the reason.

Keeps the protocol's rules "one transaction", "one end" and "batch counter" (ARCHITECTURE.md).
"""

from dataclasses import replace
from datetime import datetime

import structlog

from ingest_api.domain.cleaning import Cleaned, Phase
from ingest_api.domain.job import Job, JobState
from ingest_api.job_store import JobChanges, JobRecord
from ingest_api.life_cycle.messages import Messages

log = structlog.get_logger(__name__)


def end_job(
    changes: JobChanges,
    record: JobRecord,
    job: Job,
    *,
    at: datetime,
    messages: Messages,
) -> JobRecord:
    """Record in *changes* that the locked job of *record* has ended as *job*; return its new record.

    The state, the messages that tell of it, and the cleaning of what may be stored are committed together. The record
    has the variants that were made; whoever makes one adds its row.
    """
    ended = replace(record, job=job)
    changes.records[job.id] = ended
    changes.save(job)
    for message in messages.of_end(ended, at=at):
        changes.publish(message)
    if job.state is not JobState.COMPLETED:  # a task has no variant: its blob may be stored, or be about to
        changes.add_cleaning(Cleaned.JOB, job.id, Phase.MARK)
    if record.batch_id:
        changes.count_batch_end(record.batch_id, messages.batch_completed, at=at)
    log.info("job ended", job_id=str(job.id), state=job.state, code=job.code)
    return ended
