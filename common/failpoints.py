"""The places between two steps of the event path where a test can kill a process; in production they do nothing.

`tests/chaos` arms them, and shows that whichever one kills a process, nothing is lost and nothing done twice.
"""

import os
import signal
from enum import StrEnum
from pathlib import Path

ARMED_FOLDER = "ICECUBE_TEST_FAILPOINTS"
"""Names a folder. A file in it with a failpoint's name arms that failpoint, for the first process that reaches it."""


class Failpoint(StrEnum):
    """Every failpoint, in the order of a job's life: what has been done, and what has not."""

    ORIGINAL_STORED_NOT_COMMITTED = "original_stored_not_committed"
    """API: the bytes are in the blob store, the image is not in the database: the client has no answer."""
    JOB_COMMITTED_NOT_ANSWERED = "job_committed_not_answered"
    """API: the job and its request are committed, the client has no answer."""
    BATCH_COMMITTED_NOT_ANSWERED = "batch_committed_not_answered"
    """API: the batch, its jobs and their requests are committed, the client has no answer."""
    EVENT_CLAIMED_NOT_SENT = "event_claimed_not_sent"
    """Relay: it holds committed events, Kafka has none of them."""
    EVENT_SENT_NOT_DELETED = "event_sent_not_deleted"
    """Relay: Kafka has the events, the outbox still has them too."""
    JOB_TAKEN_NOT_ANNOUNCED = "job_taken_not_announced"
    """Processor: the request was read, no start was reported."""
    JOB_ANNOUNCED_NOT_WORKED_ON = "job_announced_not_worked_on"
    """Processor: the start was reported, the work has not begun."""
    VARIANTS_MADE_NOT_STORED = "variants_made_not_stored"
    """Processor: the variants are in its work folder, none is in the blob store."""
    VARIANTS_STORED_NOT_REPORTED = "variants_stored_not_reported"
    """Processor: every variant is in the blob store, no result was sent."""
    RESULT_SENT_NOT_ACKNOWLEDGED = "result_sent_not_acknowledged"
    """Processor: Kafka has the result, the request counts as unread."""
    REQUEST_ACKNOWLEDGED_NOT_COMMITTED = "request_acknowledged_not_committed"
    """Processor: the request counts as read here, Kafka may not know it yet."""
    RESULTS_READ_NOT_APPLIED = "results_read_not_applied"
    """Results consumer: it has read results, and changed nothing."""
    CHANGES_WRITTEN_NOT_COMMITTED = "changes_written_not_committed"
    """Results consumer or reconciler: jobs are changed and messages written, the transaction is still open."""
    RESULTS_COMMITTED_OFFSET_NOT = "results_committed_offset_not"
    """Results consumer: PostgreSQL has the results, Kafka still counts them as unread."""
    LOSS_FOUND_NOT_REPAIRED = "loss_found_not_repaired"
    """Reconciler: it knows that jobs are lost, and has not requested them again."""
    LOSS_REPAIRED_NOT_SENT = "loss_repaired_not_sent"
    """Reconciler: the outbox requests lost jobs again, the relay has not been woken."""
    DELETION_WRITTEN_NOT_COMMITTED = "deletion_written_not_committed"
    """Deletion: rows are marked and jobs ended, the transaction is still open."""
    DELETION_COMMITTED_NOT_ANSWERED = "deletion_committed_not_answered"
    """API: the deletion is committed, the bytes are there, the client has no answer."""
    CLEANING_CLAIMED_NOT_DONE = "cleaning_claimed_not_done"
    """Cleaner: it has taken steps that are due, and done none of them."""
    STOP_MARK_WRITTEN_NOT_NOTED = "stop_mark_written_not_noted"
    """Cleaner: a job has its stop mark, the cleaning's row does not say so."""
    VARIANTS_SWEPT_NOT_NOTED = "variants_swept_not_noted"
    """Cleaner: the blobs of an ended job or a deleted image are removed, the cleaning's row does not say so."""
    STOP_MARK_REMOVED_NOT_FORGOTTEN = "stop_mark_removed_not_forgotten"
    """Cleaner: the stop mark of an ended job is removed, the cleaning still has its row."""


def fail_at(point: Failpoint) -> None:
    """Kill this process, as by kill -9, if *point* is armed; otherwise, and always in production, do nothing."""
    if folder := os.environ.get(ARMED_FOLDER):
        _die_if_armed(Path(folder) / point)


def _die_if_armed(file: Path) -> None:
    try:
        file.unlink()  # of several processes that get here, one dies
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
