"""What the pool runs in a child process; cheap to import, because the parent names these functions too."""

from collections.abc import Sequence
from pathlib import Path

from processor.engine import ImageLimits, MadeVariant, VariantRequest


def prepare(task_memory_mb: int) -> None:
    """Confine this process before its first task: *task_memory_mb* of address space over what it starts with."""
    from processor.engine.confinement import confine  # noqa: PLC0415 - libvips is for children only

    confine(task_memory_mb)


def serve(original: Path, requests: Sequence[VariantRequest], limits: ImageLimits) -> list[MadeVariant]:
    """Run the recipe; see `make_variants`."""
    from processor.engine.recipe import make_variants  # noqa: PLC0415 - libvips is for children only

    return make_variants(original, requests, limits)
