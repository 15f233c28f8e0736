"""Checks that a result matches its job: it may name only the job's variants, with possible sizes; a success, all.

One that cannot is put aside and changes nothing. The job does not hang on it: its own result is still to come, or the
reconciler finds that none will and asks again, each time a start more, until the attempt has had its share of those.
"""

from collections.abc import Iterator

from common.events import FinishedVariant, JobResult, JobSucceeded, RequestedTask
from common.formats import OUTPUT_FORMATS
from ingest_api.delivery.task_outcomes import outcomes_of
from ingest_api.job_store import JobRecord, StoredImage

_LONGEST_SIDE = 65_535
"""More than any of our formats can hold."""
_MOST_FRAMES = 1_000_000
_LARGEST_PIXEL_BYTES = 8
"""Four channels of 16 bits: no encoder needs more than the raw pixels."""
_ROOM_FOR_HEADERS = 1024 * 1024


def reason_to_refuse(result: JobResult, record: JobRecord) -> str | None:
    """Return why *result* cannot be a result of the job in *record*; None if it can."""
    variants = [outcome.variant for outcome in outcomes_of(result) if outcome.variant]
    asked = {(task.id, task.variant_id): task for task in record.tasks}
    reported = [(variant.task_id, variant.id) for variant in variants]
    is_complete = not isinstance(result, JobSucceeded) or {task.id for task in record.open_tasks} <= {
        task_id for task_id, _ in reported
    }
    if not (is_complete and asked.keys() >= set(reported) and len(set(reported)) == len(reported)):
        return "the variants are not those that the job asks for"
    for variant in variants:
        for fault in _faults(variant, asked[variant.task_id, variant.id], record.original):
            return f"variant {variant.id}: {fault}"
    return None


def _faults(variant: FinishedVariant, task: RequestedTask, original: StoredImage) -> Iterator[str]:
    sides, frames = (variant.width, variant.height), 1 if variant.frames is None else variant.frames
    if not all(1 <= side <= _LONGEST_SIDE for side in sides):
        yield "no image has sides like these"
    if not 1 <= frames <= _MOST_FRAMES:
        yield "no image has so many frames"
    raw_bytes = variant.width * variant.height * frames * _LARGEST_PIXEL_BYTES
    if not 1 <= variant.byte_size <= raw_bytes + original.byte_size + _ROOM_FOR_HEADERS:
        yield "no image of this size has so many bytes"
    options = task.options.resolved_for(original.format)
    if options.are_known():  # a later release may ask for what changes the meaning of the others
        yield from _unasked(variant, format_name=options.root.get("format"), most=options.root.get("maxDimension"))


def _unasked(variant: FinishedVariant, *, format_name: object, most: object) -> Iterator[str]:
    if format_name in OUTPUT_FORMATS and variant.format != format_name:
        yield f"{variant.format} was not asked for"
    if isinstance(most, int) and 0 < most < max(variant.width, variant.height):
        yield "it is larger than was asked for"
