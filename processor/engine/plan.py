"""What to make for a job, and what its variants can share: one decode, one picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from common.formats import ImageFormat
from common.options import VariantOptions
from processor.engine import ImageRefusedError, Refusal
from processor.engine.codecs.registry import writer_of
from processor.engine.decoding.header import Header
from processor.engine.picture import PictureSpec
from processor.engine.sizing import size_within


@dataclass(frozen=True, slots=True)
class PlannedVariant:
    """One variant: where it stood in the request, from 0, and how it is encoded."""

    place: int
    format: ImageFormat
    options: VariantOptions


@dataclass(frozen=True, slots=True)
class PlannedPicture:
    """One picture, and the variants that it is encoded to."""

    spec: PictureSpec
    variants: tuple[PlannedVariant, ...]


@dataclass(frozen=True, slots=True)
class PlannedDecode:
    """The pictures that may be made of one decode: those of the first frame, or those of every frame."""

    every_frame: bool
    pictures: tuple[PlannedPicture, ...]


def plan_decodes(header: Header, wanted: Sequence[VariantOptions]) -> list[PlannedDecode]:
    """Return how to make the *wanted* variants; raise `ImageRefusedError` for one that its format cannot hold."""
    pictures = _plan_pictures(header, wanted)
    decodes = []
    for every_frame in (False, True):
        sharing = tuple(picture for picture in pictures if picture.spec.every_frame is every_frame)
        if sharing:
            decodes.append(PlannedDecode(every_frame, sharing))
    return decodes


def _plan_pictures(header: Header, wanted: Sequence[VariantOptions]) -> list[PlannedPicture]:
    groups: dict[PictureSpec, list[PlannedVariant]] = {}
    for place, options in enumerate(wanted):
        variant = PlannedVariant(place, options.format or header.format.written_as, options)
        spec = _spec_of(header, variant)
        _refuse_oversized(spec, variant.format)
        groups.setdefault(spec, []).append(variant)
    return [
        PlannedPicture(replace(spec, flatten=_none_keeps_alpha(variants)), tuple(variants))
        for spec, variants in groups.items()
    ]


def _spec_of(header: Header, variant: PlannedVariant) -> PictureSpec:
    size = size_within(header.width, header.height, variant.options.max_dimension)
    every_frame = header.frames > 1 and writer_of(variant.format).keeps_frames
    hdr = header.colour if header.colour is not None and header.colour.is_hdr else None
    return PictureSpec(size, every_frame=every_frame, hdr=hdr)


def _none_keeps_alpha(variants: Sequence[PlannedVariant]) -> bool:
    return not any(writer_of(variant.format).keeps_alpha for variant in variants)


def _refuse_oversized(spec: PictureSpec, image_format: ImageFormat) -> None:
    largest = writer_of(image_format).largest_side
    if max(spec.size) > largest:
        reason = (
            f"{image_format.label} images may have {largest} pixels a side at most, not "
            f"{spec.size.width} x {spec.size.height}; ask for a smaller maxDimension or another format."
        )
        raise ImageRefusedError(Refusal.VARIANT_TOO_LARGE, reason)
