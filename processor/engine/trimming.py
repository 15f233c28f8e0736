"""Finds what `trim` leaves, before anything is planned: trimming then is a crop like any other."""

from collections.abc import Sequence

import pyvips

from common.options.geometry import Crop
from common.options.variant import VariantOptions
from processor.engine.decoding.decode import open_decoder
from processor.engine.decoding.header import Header
from processor.engine.decoding.original import Original
from processor.engine.frames import frames_of
from processor.engine.geometry.layout import lay_out, region_of
from processor.engine.geometry.sizes import Box, Size
from processor.engine.geometry.turns import EXIF_TURNS
from processor.engine.picture import PictureSpec
from processor.engine.plan import PlannedDecode, PlannedPicture

_DEFAULT_THRESHOLD = 10
"""sharp's."""


def trim(
    original: Original, header: Header, wanted: Sequence[VariantOptions], *, forgiving: bool
) -> list[VariantOptions]:
    """Return *wanted* with a crop in place of each `trim`; raise `pyvips.Error` for damage.

    Costs a decode at full size. A picture of one colour has no border, and stays whole.
    """
    if not any(_asks(options) for options in wanted):
        return list(wanted)
    pixels = _pixels(original, header, forgiving=forgiving)
    return [_trimmed(pixels, header, options) if _asks(options) else options for options in wanted]


def _asks(options: VariantOptions) -> bool:
    return options.trim is not False


def _pixels(original: Original, header: Header, *, forgiving: bool) -> pyvips.Image:
    """Return the pixels as stored, of every frame."""
    spec = PictureSpec(lay_out(header.size, VariantOptions()), every_frame=header.frames > 1, original=header.size)
    planned = PlannedDecode(spec.every_frame, (PlannedPicture(spec, ()),))
    decoded = open_decoder(original, header, planned, forgiving=forgiving)(spec)
    return _in_eight_bits(decoded).copy_memory()


def _in_eight_bits(image: pyvips.Image) -> pyvips.Image:
    return image if image.format == "uchar" else image.colourspace("srgb")


def _trimmed(pixels: pyvips.Image, header: Header, options: VariantOptions) -> VariantOptions:
    region = region_of(header.size, options.crop)
    upright = EXIF_TURNS[header.orientation]
    stored = upright.before(region, header.size)
    threshold = _DEFAULT_THRESHOLD if options.trim is True else int(options.trim)
    found = _union([_content(frame.crop(*stored), threshold) for frame in frames_of(pixels)], stored.size)
    left, top, width, height = upright.after(found, stored.size)
    crop = Crop(left=region.left + left, top=region.top + top, width=width, height=height)
    return options.model_copy(update={"trim": False, "crop": crop})


def _content(frame: pyvips.Image, threshold: int) -> Box | None:
    """Return the part within the border; None where all is of the border's colour."""
    if frame.hasalpha():
        alpha = frame[frame.bands - 1]
        if alpha(0, 0)[0] == 0:
            return _found(alpha.find_trim(threshold=threshold, background=[0]))
        frame = frame.flatten(background=frame(0, 0)[:-1])
    return _found(frame.find_trim(threshold=threshold, background=frame(0, 0)))


def _found(box: Sequence[int]) -> Box | None:
    left, top, width, height = box
    return Box(left, top, width, height) if width and height else None


def _union(boxes: Sequence[Box | None], whole: Size) -> Box:
    found = [box for box in boxes if box is not None]
    if not found:
        return Box(0, 0, *whole)
    left, top = min(box.left for box in found), min(box.top for box in found)
    right, bottom = max(box.left + box.width for box in found), max(box.top + box.height for box in found)
    return Box(left, top, right - left, bottom - top)
