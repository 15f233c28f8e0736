"""What the pool runs in a child process; cheap to import, because the parent names these functions too."""

from collections.abc import Sequence
from pathlib import Path

from processor.engine import ImageLimits, MadeVariant, VariantRequest


def prepare(task_memory_mb: int, folders: Sequence[Path] | None, readable: Sequence[Path]) -> None:
    """Confine this process before its first task; see `confine`."""
    from processor.engine.confinement import confine  # noqa: PLC0415 - libvips is for children only

    confine(task_memory_mb, folders, readable)


def serve(
    original: Path, requests: Sequence[VariantRequest], limits: ImageLimits, cpu_seconds: float
) -> list[MadeVariant]:
    """Run the recipe within *cpu_seconds*; see `make_variants`."""
    from processor.engine.confinement import limit_cpu  # noqa: PLC0415 - libvips is for children only
    from processor.engine.recipe import make_variants  # noqa: PLC0415 - libvips is for children only

    limit_cpu(cpu_seconds)
    return make_variants(original, requests, limits)
