"""The engine in this process, from files to files, without its pool."""

from collections.abc import Sequence
from pathlib import Path

from common.image_header.reading import read_image_header
from processor.engine import EncodedVariant, ImageLimits, ImageRefusedError, MadeVariant, RefusedVariant, VariantRequest
from processor.engine.decoding.original import Original
from processor.engine.recipe import make_variants


def make_files(original: Path, requests: Sequence[VariantRequest], limits: ImageLimits) -> list[MadeVariant]:
    """Write every requested variant and tell what was made, in the order asked; nothing when anything is raised.

    As in the pool, the header is read by code that decodes nothing; here it must agree with the engine.
    """
    outcomes = make_variants(Original.at(original), [request.options for request in requests], limits)
    encoded = sorted((_unless_refused(outcome) for outcome in outcomes), key=lambda variant: variant.place)
    return [_written(variant, request.output) for request, variant in zip(requests, encoded, strict=True)]


def _unless_refused(outcome: EncodedVariant | RefusedVariant) -> EncodedVariant:
    if isinstance(outcome, RefusedVariant):
        raise ImageRefusedError(outcome.code, outcome.reason)
    return outcome


def _written(variant: EncodedVariant, output: Path) -> MadeVariant:
    output.write_bytes(variant.content)
    with output.open("rb") as file:
        header = read_image_header(file)
    assert (header.format, header.width, header.height) == (variant.format, variant.width, variant.height)
    return MadeVariant(
        output,
        header.format,
        header.width,
        header.height,
        len(variant.content),
        variant.frames,
        variant.original_frames,
        variant.picture_seconds,
        variant.encode_seconds,
    )
