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
    from processor.engine.original import Original  # noqa: PLC0415 - libvips is for children only
    from processor.engine.recipe import make_variants  # noqa: PLC0415 - libvips is for children only

    limit_cpu(cpu_seconds)
    made: dict[int, MadeVariant] = {}
    try:
        for one in make_variants(Original.at(original), [request.options for request in requests], limits):
            output = requests[one.place].output
            size = output.write_bytes(one.content)
            frames, seconds = (one.frames, one.original_frames), (one.picture_seconds, one.encode_seconds)
            made[one.place] = MadeVariant(output, one.format, one.width, one.height, size, *frames, *seconds)
    except BaseException:
        for request in requests:
            request.output.unlink(missing_ok=True)
        raise
    return [made[place] for place in range(len(requests))]
