"""Brings a picture to its size."""

import pyvips

from processor.engine.frames import each_frame, height_of_frames
from processor.engine.geometry.sizes import Size
from processor.engine.picture import PictureSpec

_LARGEST_REDUCE = 100
"""libvips filters so many pixels into one and no more than three times that; beyond, averages come first."""


def resize(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:
    """Return *image* at exactly its size, by Lanczos 3, colours weighted by their opacity; frames stay apart."""
    size = spec.stored_scaled
    if (image.width, height_of_frames(image)) == size:
        return image
    return each_frame(image, lambda frame: _resize_frame(frame, size))


def _resize_frame(image: pyvips.Image, size: Size) -> pyvips.Image:
    if not image.hasalpha():
        return _lanczos(image, size)
    if image.format != "uchar":
        return _lanczos(image.premultiply(), size).unpremultiply().cast(image.format)
    # In 8 bits this takes a third of the time; what is rounded away can be seen through, and the filter's overshoot at
    # an edge is no more than at any other.
    return _round(_lanczos(_round(image.premultiply()), size).unpremultiply())


def _round(image: pyvips.Image) -> pyvips.Image:
    return image.linear(1, 0.5, uchar=True)


def _lanczos(image: pyvips.Image, size: Size) -> pyvips.Image:
    across, down = image.width // (size.width * _LARGEST_REDUCE), image.height // (size.height * _LARGEST_REDUCE)
    if across > 1 or down > 1:
        # In memory, for a filter as high as this would want lines again that a decoder has gone past.
        image = image.shrink(max(1, across), max(1, down), ceil=True).copy_memory()
    # With its usual gap libvips first shrinks by a plain average, which aliases (the rings of a zone plate come back
    # at a tenth of their strength) and saves no time.
    return image.resize(size.width / image.width, vscale=size.height / image.height, gap=0)
