"""The recipe: from an original to its variants. Runs in a child process."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from time import perf_counter
from traceback import clear_frames

import pyvips

from common.formats import WRITTEN_AS, ImageFormat
from common.options import VariantOptions
from processor.engine import EncodedVariant, ImageLimits
from processor.engine.checking import checked
from processor.engine.colour import to_srgb
from processor.engine.decoding import Decode, decoder
from processor.engine.encoding import encoded
from processor.engine.header import Header, read_header, refuse_beyond
from processor.engine.metadata import brought_up_to_date
from processor.engine.opacity import on_white_early
from processor.engine.orientation import lies_on_its_side, upright
from processor.engine.original import Original
from processor.engine.refusals import damaged, is_harmless
from processor.engine.resizing import resized
from processor.engine.sizing import Size, size_within
from processor.engine.thrift import no_larger


def make_variants(
    original: Original, wanted: Sequence[VariantOptions], limits: ImageLimits
) -> Iterator[EncodedVariant]:
    """Yield each of the *wanted* variants of *original* as soon as it is made, those of one size together.

    Raises `ImageRefusedError` for an image that can never be processed, which may come after some of its variants,
    and `MemoryError` when this process's memory limit was in the way.
    """
    try:
        header = read_header(original.content)
        refuse_beyond(limits, header)
        yield from _made(original, header, wanted)
    except Exception as exc:
        clear_frames(exc.__traceback__)  # else the error, on its way, holds a whole picture during the next job
        if isinstance(exc, pyvips.Error):
            raise damaged(exc) from exc
        raise


def _made(original: Original, header: Header, wanted: Sequence[VariantOptions]) -> Iterator[EncodedVariant]:
    places: set[int] = set()
    try:
        for variant in _all_made(original, header, wanted, forgiving=False):
            places.add(variant.place)
            yield variant
    except pyvips.Error as exc:
        if not is_harmless(exc):
            raise
        again = _all_made(original, header, wanted, forgiving=True)
        yield from (variant for variant in again if variant.place not in places)


def _all_made(
    original: Original, header: Header, wanted: Sequence[VariantOptions], *, forgiving: bool
) -> Iterator[EncodedVariant]:
    """Make the variants of one picture one after another, so that only one is in memory."""
    pictures: dict[tuple[bool, Size], list[int]] = {}
    for place, options in enumerate(wanted):
        pictures.setdefault((_keeps_frames(header, options), _size_of(header, options)), []).append(place)
    lap = _stopwatch()
    for every_frame in (False, True):
        sizes = [size for frames, size in pictures if frames == every_frame]
        if sizes:
            decode = decoder(original, header, sizes, every_frame=every_frame, forgiving=forgiving)
            for size in sizes:
                places = pictures[every_frame, size]
                opaque = all(_format_of(header, wanted[place]) is ImageFormat.JPEG for place in places)
                picture = _picture(decode, size, opaque=opaque)
                picture_seconds = lap()
                for place in places:
                    variant = _variant(picture, size, original, header, place, wanted[place])
                    yield replace(variant, picture_seconds=picture_seconds, encode_seconds=lap())
                    picture_seconds = 0
                    lap()  # the time in between was the caller's


def _stopwatch() -> Callable[[], float]:
    """Return what tells the seconds since it was last asked."""
    at = perf_counter()

    def lap() -> float:
        nonlocal at
        began, at = at, perf_counter()
        return at - began

    return lap


def _picture(decode: Decode, size: Size, *, opaque: bool) -> pyvips.Image:
    image = decode(size)
    image = on_white_early(image) if opaque else image
    image = resized(image, size.turned() if lies_on_its_side(image) else size)
    image = to_srgb(image)
    return upright(image.copy_memory())


def _variant(  # noqa: PLR0913, PLR0917 - all that makes it
    picture: pyvips.Image, size: Size, original: Original, header: Header, place: int, options: VariantOptions
) -> EncodedVariant:
    image_format = _format_of(header, options)
    picture = brought_up_to_date(picture) if options.keep_metadata else picture
    data = encoded(picture, image_format, options)
    if image_format is header.format and size == (header.width, header.height):
        data = no_larger(data, picture, original, header, options)
    made = checked(data, image_format, size)
    return EncodedVariant(place, data, image_format, *size, frames=made.frames, original_frames=header.frames)


def _format_of(header: Header, options: VariantOptions) -> ImageFormat:
    return options.format or WRITTEN_AS[header.format]


def _keeps_frames(header: Header, options: VariantOptions) -> bool:
    return header.frames > 1 and _format_of(header, options) is ImageFormat.WEBP


def _size_of(header: Header, options: VariantOptions) -> Size:
    return size_within(header.width, header.height, options.max_dimension)
