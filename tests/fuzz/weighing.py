"""A child's work with the memory it took; imports only what a confined child already has."""

import resource
from pathlib import Path

from processor.engine import ImageLimits, MadeVariant, VariantRequest
from processor.engine.child import serve


def weighed(original: Path, requests: list[VariantRequest], limits: ImageLimits, cpu: float) -> list[MadeVariant]:
    """Do a child's work, and leave beside the original how many megabytes the process has ever used."""
    try:
        return serve(original, requests, limits, cpu)
    finally:
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        original.with_suffix(".memory").write_text(str(kilobytes // 1024), encoding="ascii")
