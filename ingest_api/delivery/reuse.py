"""Keeps work from being done twice: the same bytes with the same options give the same variant."""

from hashlib import sha256

from common.events import JobSucceeded, ReusableVariant
from common.options import VariantOptions
from ingest_api.job_store import JobChanges, JobRecord, StoredImage


def reuse_key(original: StoredImage, options: VariantOptions) -> bytes | None:
    """Return the SHA-256 that names what *options* make of *original*, whatever its id and name.

    Sizes that leave the picture as it is count as one. None for an original that came before its bytes were hashed.
    """
    if original.sha256 is None:
        return None
    shrinks = options.max_dimension < max(original.width, original.height)
    effective = options.model_copy(update={"max_dimension": options.max_dimension if shrinks else 0})
    return sha256(original.sha256 + effective.model_dump_json().encode()).digest()


def remember_variants(changes: JobChanges, record: JobRecord, result: JobSucceeded) -> None:
    """Remember the variants that were made, not copied, for whoever asks for the same work."""
    if result.engine is None:
        return  # from a processor of the release before
    options = {task.variant_id: task.options for task in record.tasks}
    for variant in result.variants:
        if variant.id in options and variant.id not in result.reused:
            work = reuse_key(record.original, options[variant.id])
            if work is not None:
                changes.remember_variant(work, ReusableVariant(engine=result.engine, variant=variant))
