"""Reuses variants: the same bytes with the same options give the same variant."""

from collections.abc import Iterable
from enum import Enum, auto
from hashlib import sha256

from pydantic import JsonValue

from common.events import FinishedVariant, ReusableVariant
from common.options.tasks import TaskOptions, canonical_json
from common.settings.groups import ProcessingSettings
from ingest_api.job_store import JobChanges, JobRecord, StoredImage

_VERSION = b"v2:"
"""How the key is made. The first release included defaults, so that a new option would have changed the key.

Its rows are left alone: other engines made their variants, and processors copy no variant of another engine.
"""


class Reuse(Enum):
    """Whose earlier work may be copied."""

    NOBODYS = auto()
    OWN = auto()
    ANYBODYS = auto()

    @classmethod
    def of(cls, settings: ProcessingSettings) -> "Reuse":
        """Return the reuse that *settings* configure."""
        if not settings.reuse:
            return cls.NOBODYS
        return cls.ANYBODYS if settings.reuse_across_owners else cls.OWN


def reuse_key(original: StoredImage, options: TaskOptions, reuse: Reuse = Reuse.OWN) -> bytes | None:
    """Return the SHA-256 that names the variant of *original* with *options*, whatever its id and name.

    Sizes that leave the picture as it is count as one. None where nothing may be reused, and for an original that came
    before its bytes were hashed.
    """
    if original.sha256 is None or reuse is Reuse.NOBODYS:
        return None
    of_owner = sha256((original.owner or "").encode()).digest() if reuse is Reuse.OWN else b""
    asked = canonical_json(_effective(original, options))
    return sha256(_VERSION + of_owner + original.sha256 + asked.encode()).digest()


def _effective(original: StoredImage, options: TaskOptions) -> dict[str, JsonValue]:
    asked = options.without_defaults()
    side = asked.get("maxDimension")
    # An option of a later release may change what a size means: then all sizes count as different.
    if options.are_known() and isinstance(side, int) and side >= max(original.width, original.height):
        del asked["maxDimension"]
    return asked


def remember_variants(
    changes: JobChanges, record: JobRecord, variants: Iterable[FinishedVariant], *, engine: str, reuse: Reuse
) -> None:
    """Remember *variants* of a job, which *engine* made, for later jobs."""
    options = {task.variant_id: task.options for task in record.tasks}
    for variant in variants:
        if (asked := options.get(variant.id)) and (work := reuse_key(record.original, asked, reuse)):
            changes.remember_variant(work, ReusableVariant(engine=engine, variant=variant))
