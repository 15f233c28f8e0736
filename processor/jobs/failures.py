"""Decides for each failure of an attempt its code and whether to retry, in one place."""

from dataclasses import dataclass

import structlog

from common import metrics
from common.blob_store import BlobNotFoundError
from common.events import JobFailed, JobRequested, UnsupportedRequestError
from common.failure_codes import FailureCode
from common.options.tasks import UnsupportedOptionError
from processor.engine import ImageRefusedError
from processor.jobs.measurements import count_failure
from processor.jobs.standing import VariantIdTakenError
from processor.jobs.stopping import JobStoppedError
from processor.pool import WorkerLostError

log = structlog.get_logger(__name__)

_ATTEMPTS_THAT_LOSE_A_WORKER = 2
"""One crash or time limit may be chance; two are the image's fault."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What is reported of an error: *retryable* says whether another attempt may succeed."""

    code: str
    reason: str
    retryable: bool


def failure_of(job: JobRequested, exc: Exception) -> JobFailed:
    """Log *exc*, which ended an attempt at all of *job*; return the failure to report."""
    verdict = decide(exc, attempt=job.attempt)
    return JobFailed(
        job_id=job.job_id,
        attempt=job.attempt,
        code=verdict.code,
        reason=verdict.reason,
        retryable=verdict.retryable,
    )


def failure_of_unread(request: UnsupportedRequestError) -> JobFailed:
    """Return the failure of a later release's request: without one, the API would consider its job lost."""
    reason = "The release of the processor cannot read what is asked."
    code = FailureCode.UNSUPPORTED_OPTION
    count_failure(code)
    return JobFailed(job_id=request.job_id, attempt=request.attempt, code=code, reason=reason, retryable=True)


def log_failure(failed: JobFailed) -> None:
    """Log and count an attempt that ended without all variants."""
    count_failure(failed.code)
    made = sum(outcome.variant is not None for outcome in failed.tasks)
    details = {"code": failed.code, "reason": failed.reason, "retryable": failed.retryable, "variants": made}
    log.warning("attempt failed", **details)


def decide(exc: Exception, *, attempt: int) -> Failure:  # noqa: PLR0911 - a table, one line a failure
    """Return what to report of *exc* at this *attempt*; log it if it is a surprise."""
    match exc:
        case ImageRefusedError():
            return Failure(exc.code, exc.reason, retryable=False)
        case WorkerLostError():
            metrics.IMAGE_PROCESSES_LOST.labels(exc.code).inc()
            return Failure(exc.code, exc.reason, retryable=attempt < _ATTEMPTS_THAT_LOSE_A_WORKER)
        case UnsupportedOptionError():  # not the image's fault: a later release of the processor may do it
            return Failure(FailureCode.UNSUPPORTED_OPTION, str(exc), retryable=True)
        case VariantIdTakenError():
            return Failure(FailureCode.VARIANT_ID_TAKEN, exc.reason, retryable=False)
        case JobStoppedError():  # the API ignores what comes after an end
            return Failure(FailureCode.JOB_STOPPED, "The job had ended before.", retryable=False)
        case BlobNotFoundError():
            reason = "The original is missing from the image storage."
            return Failure(FailureCode.ORIGINAL_MISSING, reason, retryable=True)
        case _:
            log.error("processing failed unexpectedly", exc_info=exc)
            return Failure(FailureCode.INTERNAL_ERROR, "Something went wrong while processing.", retryable=True)
