"""Why a job, or a record, failed: the stable codes, in one place for both services."""

from enum import StrEnum


class FailureCode(StrEnum):
    """A failure by its name on Kafka, in rows, in answers and in metrics.

    A code is never renamed or given another meaning. On Kafka and in rows it is text: a later release has more of them.
    """

    CROP_OUTSIDE = "crop_outside"
    """The part to cut out is not all within the image."""
    EVENT_REFUSED = "event_refused"
    """An event that Kafka will never take: put aside, no job failed."""
    IMAGE_DAMAGED = "image_damaged"
    """The image is damaged or incomplete."""
    IMAGE_TOO_LARGE = "image_too_large"
    """The image has more pixels, or a longer side, than is allowed."""
    INTERNAL_ERROR = "internal_error"
    """A mistake of ours."""
    JOB_STOPPED = "job_stopped"
    """The job had ended before: a processor dropped it, and nothing was reported to clients."""
    ORIGINAL_MISSING = "original_missing"
    """The original's bytes are not in the blob store."""
    OUT_OF_MEMORY = "out_of_memory"
    """The image needs more memory than a task may use."""
    PROCESSOR_LOST = "processor_lost"
    """The job stopped whole processors, again and again."""
    REQUEST_REFUSED = "request_refused"
    """Kafka will never take the request for the job: it asks for too much."""
    RESULT_REFUSED = "result_refused"
    """Kafka will never take the report of the job's variants: there are too many."""
    TIME_LIMIT = "time_limit"
    """The image took longer than a task may take."""
    TOO_MANY_FRAMES = "too_many_frames"
    """The animation has more frames than is allowed."""
    UNREADABLE_EVENT = "unreadable_event"
    """A record that is no event this release can read or apply: put aside, no job failed."""
    UNREADABLE_JOB = "unreadable_job"
    """A result of a job whose row this release cannot read: put aside, no job failed."""
    UNSUPPORTED_FORMAT = "unsupported_format"
    """The image is of a format that cannot be read."""
    UNSUPPORTED_OPTION = "unsupported_option"
    """The job asks for what the processor's release cannot do; a later one may."""
    VARIANT_ID_TAKEN = "variant_id_taken"
    """Something else is stored where a variant belongs."""
    VARIANT_TOO_LARGE = "variant_too_large"
    """The variant would be larger than its format allows."""
    WORKER_CRASHED = "worker_crashed"
    """The image made the decoder crash."""


JOB_FAILURES = tuple(
    code
    for code in FailureCode
    if code
    not in {
        FailureCode.EVENT_REFUSED,
        FailureCode.JOB_STOPPED,
        FailureCode.UNREADABLE_EVENT,
        FailureCode.UNREADABLE_JOB,
    }
)
"""The codes that jobs fail with; the others tell of records that were put aside."""
