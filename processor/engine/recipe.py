"""The recipe: from an original's file to its variants' files. Runs in a child process."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from traceback import clear_frames

import pyvips

from common.formats import WRITTEN_AS, ImageFormat
from processor.engine import ImageLimits, MadeVariant, VariantRequest
from processor.engine.colour import to_srgb
from processor.engine.decoding import Decode, decoder
from processor.engine.encoding import encoded
from processor.engine.header import Header, read_header, refuse_beyond
from processor.engine.metadata import brought_up_to_date
from processor.engine.opacity import on_white_early
from processor.engine.orientation import lies_on_its_side, upright
from processor.engine.refusals import damaged, is_harmless
from processor.engine.resizing import resized
from processor.engine.sizing import Size, size_within
from processor.engine.thrift import no_larger
from processor.engine.writing import written


def make_variants(original: Path, requests: Sequence[VariantRequest], limits: ImageLimits) -> list[MadeVariant]:
    """Write every requested variant of *original* and tell what was made, in the order asked.

    All or nothing: when anything is raised, no output is left. Raises `ImageRefusedError` for an image that can
    never be processed and `MemoryError` when this process's memory limit was in the way.
    """
    try:
        header = read_header(original)
        refuse_beyond(limits, header)
        return _made(original, header, requests)
    except BaseException as exc:
        for request in requests:
            request.output.unlink(missing_ok=True)
        clear_frames(exc.__traceback__)  # else the error, on its way, holds a whole picture during the next job
        if isinstance(exc, pyvips.Error):
            raise damaged(exc) from exc
        raise


def _made(original: Path, header: Header, requests: Sequence[VariantRequest]) -> list[MadeVariant]:
    try:
        return _all_made(original, header, requests, forgiving=False)
    except pyvips.Error as exc:
        if not is_harmless(exc):
            raise
        return _all_made(original, header, requests, forgiving=True)


def _all_made(
    original: Path, header: Header, requests: Sequence[VariantRequest], *, forgiving: bool
) -> list[MadeVariant]:
    """Make the variants of one picture one after another, so that only one is in memory."""
    pictures: dict[tuple[bool, Size], list[VariantRequest]] = {}
    for request in requests:
        pictures.setdefault((_keeps_frames(header, request), _size_of(header, request)), []).append(request)
    made: dict[Path, MadeVariant] = {}
    lap = _stopwatch()
    for every_frame in (False, True):
        sizes = [size for frames, size in pictures if frames == every_frame]
        if sizes:
            decode = decoder(original, header, sizes, every_frame=every_frame, forgiving=forgiving)
            for size in sizes:
                wanted = pictures[every_frame, size]
                opaque = all(_format_of(header, request) is ImageFormat.JPEG for request in wanted)
                picture = _picture(decode, size, opaque=opaque)
                picture_seconds = lap()
                for request in wanted:
                    variant = _variant(picture, size, original, header, request)
                    timed = replace(variant, picture_seconds=picture_seconds, encode_seconds=lap())
                    made[request.output], picture_seconds = timed, 0
    return [made[request.output] for request in requests]


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


def _variant(picture: pyvips.Image, size: Size, original: Path, header: Header, request: VariantRequest) -> MadeVariant:
    image_format = _format_of(header, request)
    picture = brought_up_to_date(picture) if request.options.keep_metadata else picture
    data = encoded(picture, image_format, request.options)
    if image_format is header.format and size == (header.width, header.height):
        data = no_larger(data, picture, original, header, request.options)
    return written(data, request.output, image_format, size, header)


def _format_of(header: Header, request: VariantRequest) -> ImageFormat:
    return request.options.format or WRITTEN_AS[header.format]


def _keeps_frames(header: Header, request: VariantRequest) -> bool:
    return header.frames > 1 and _format_of(header, request) is ImageFormat.WEBP


def _size_of(header: Header, request: VariantRequest) -> Size:
    return size_within(header.width, header.height, request.options.max_dimension)
