"""The engine in this process, from files to files, without its pool."""

from collections.abc import Sequence
from pathlib import Path

from processor.engine import ImageLimits, MadeVariant, VariantRequest
from processor.engine.original import Original
from processor.engine.recipe import make_variants


def make_files(original: Path, requests: Sequence[VariantRequest], limits: ImageLimits) -> list[MadeVariant]:
    """Write every requested variant and tell what was made, in the order asked; nothing when anything is raised."""
    encoded = sorted(
        make_variants(Original.at(original), [request.options for request in requests], limits),
        key=lambda variant: variant.place,
    )
    return [
        MadeVariant(
            request.output,
            variant.format,
            variant.width,
            variant.height,
            request.output.write_bytes(variant.content),
            variant.frames,
            variant.original_frames,
            variant.picture_seconds,
            variant.encode_seconds,
        )
        for request, variant in zip(requests, encoded, strict=True)
    ]
