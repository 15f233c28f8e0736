"""The recipe: from an original's file to its variants' files. Runs in a child process."""

from collections.abc import Sequence
from pathlib import Path

import pyvips

from common.formats import WRITTEN_AS, ImageFormat
from processor.engine import ImageLimits, MadeVariant, VariantRequest
from processor.engine.colour import to_srgb
from processor.engine.header import Header, read_header, refuse_beyond
from processor.engine.opening import open_original
from processor.engine.orientation import upright
from processor.engine.refusals import damaged
from processor.engine.resizing import resized
from processor.engine.sizing import Size, size_within
from processor.engine.writing import checked, write_variant


def make_variants(original: Path, requests: Sequence[VariantRequest], limits: ImageLimits) -> list[MadeVariant]:
    """Write every requested variant of *original* and tell what was made, in the order asked.

    All or nothing: when anything is raised, no output is left. Raises `ImageRefusedError` for an image that can
    never be processed and `MemoryError` when this process's memory limit was in the way.
    """
    try:
        return _made(original, requests, limits)
    except BaseException as exc:
        for request in requests:
            request.output.unlink(missing_ok=True)
        if isinstance(exc, pyvips.Error):
            raise damaged(exc) from exc
        raise


def _made(original: Path, requests: Sequence[VariantRequest], limits: ImageLimits) -> list[MadeVariant]:
    header = read_header(original)
    refuse_beyond(limits, header)
    return [_one(original, header, request) for request in requests]


def _one(original: Path, header: Header, request: VariantRequest) -> MadeVariant:
    options = request.options
    image_format = options.format or WRITTEN_AS[header.format]
    size = size_within(header.width, header.height, options.max_dimension)
    every_frame = header.frames > 1 and image_format is ImageFormat.WEBP
    picture = _picture(original, header, size, every_frame=every_frame)
    written, byte_size = write_variant(picture, image_format, options, request.output)
    return checked(request.output, header, written, size, byte_size)


def _picture(original: Path, header: Header, size: Size, *, every_frame: bool) -> pyvips.Image:
    image = open_original(original, header, max(size), every_frame=every_frame)
    image = resized(image, _as_stored(image, size))
    image = to_srgb(image).copy_memory()
    return upright(image)


def _as_stored(image: pyvips.Image, size: Size) -> Size:
    """Return *size* before the orientation is applied."""
    on_its_side = image.get_typeof("orientation") and image.get("orientation") > 4  # noqa: PLR2004 - EXIF: 5 to 8
    return Size(size.height, size.width) if on_its_side else size
