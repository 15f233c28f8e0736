"""What to make for a job, and what its variants can share: one decode, one picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from common.formats import ImageFormat
from common.options.css_colours import rgba_of
from common.options.geometry import MAX_SIDE_PIXELS
from common.options.variant import VariantOptions
from processor.engine import ImageRefusedError, Refusal, RefusedVariant
from processor.engine.codecs.registry import writer_of
from processor.engine.decoding.header import Header
from processor.engine.geometry.layout import lay_out
from processor.engine.geometry.turns import EXIF_TURNS
from processor.engine.picture import Effects, PictureSpec

_LONGEST_ON_THE_WAY = 1_000_000
"""A side of a picture from which `cover` then cuts a part; only that part is computed. A tenth of libvips' limit."""


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


def plan_decodes(
    header: Header, wanted: Sequence[VariantOptions], *, megapixels: float
) -> tuple[list[PlannedDecode], list[RefusedVariant]]:
    """Return how to make the *wanted* variants, none of more than *megapixels* a frame, and those that cannot be made.

    Of these the format cannot hold them, or they crop outside of the image.
    """
    pictures, refused = _plan_pictures(header, wanted, megapixels)
    decodes = []
    for every_frame in (False, True):
        sharing = tuple(picture for picture in pictures if picture.spec.every_frame is every_frame)
        if sharing:
            decodes.append(PlannedDecode(every_frame, sharing))
    return decodes, refused


def _plan_pictures(
    header: Header, wanted: Sequence[VariantOptions], megapixels: float
) -> tuple[list[PlannedPicture], list[RefusedVariant]]:
    groups: dict[PictureSpec, list[PlannedVariant]] = {}
    refused: list[RefusedVariant] = []
    for place, options in enumerate(wanted):
        variant = PlannedVariant(place, options.format or header.format.written_as, options)
        try:
            spec = _spec_of(header, variant)
            _refuse_oversized(spec, variant.format, max(megapixels, header.width * header.height / 1e6))
        except ImageRefusedError as exc:
            refused.append(RefusedVariant(place, exc.code, exc.reason))
        else:
            groups.setdefault(spec, []).append(variant)
    pictures = [
        PlannedPicture(replace(spec, flatten=_none_keeps_alpha(variants)), tuple(variants))
        for spec, variants in groups.items()
    ]
    return pictures, refused


def _spec_of(header: Header, variant: PlannedVariant) -> PictureSpec:
    options = variant.options
    return PictureSpec(
        lay_out(header.size, options),
        every_frame=header.frames > 1 and writer_of(variant.format).keeps_frames,
        upright=EXIF_TURNS[header.orientation],
        original=header.size,
        background=rgba_of(options.background) if options.background else None,
        effects=Effects(grayscale=options.grayscale, blur=options.blur, sharpen=options.sharpen),
        hdr=header.colour if header.colour is not None and header.colour.is_hdr else None,
    )


def _none_keeps_alpha(variants: Sequence[PlannedVariant]) -> bool:
    return not any(writer_of(variant.format).keeps_alpha for variant in variants)


def _refuse_oversized(spec: PictureSpec, image_format: ImageFormat, megapixels: float) -> None:
    largest = min(writer_of(image_format).largest_side, max(MAX_SIDE_PIXELS, *spec.original))
    width, height = spec.size
    if max(width, height) > largest:
        reason = (
            f"{image_format.label} images may have {largest} pixels a side at most, not {width} x {height}; ask for a "
            "smaller size or another format."
        )
        raise ImageRefusedError(Refusal.VARIANT_TOO_LARGE, reason)
    if width * height > megapixels * 1e6 or max(spec.layout.size) > _LONGEST_ON_THE_WAY:
        reason = f"A variant of {width} x {height} pixels is too large for this image; ask for a smaller one."
        raise ImageRefusedError(Refusal.VARIANT_TOO_LARGE, reason)
