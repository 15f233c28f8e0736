"""Takes the part of the original that a variant shows."""

import pyvips

from processor.engine.frames import each_frame
from processor.engine.geometry.sizes import Box
from processor.engine.picture import PictureSpec


def crop(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:
    """Return the part of *image*, which may have been decoded smaller by a whole number that divides all of it."""
    if spec.layout.region == (0, 0, *spec.original):
        return image
    shrink = round(spec.stored_size.width / image.width)
    part = Box(*(number // shrink for number in spec.stored_region))
    return each_frame(image, lambda frame: frame.crop(*part))
