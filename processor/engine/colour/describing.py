"""Writes on an image what its numbers mean, for the step that makes sRGB of it."""

import pyvips

from processor.engine.colour.profile import profile_of
from processor.engine.colour.spaces import ColourSpace

PROFILE = "icc-profile-data"
_GREY = frozenset({"b-w", "grey16"})


def describe(image: pyvips.Image, space: ColourSpace) -> pyvips.Image:
    """Return *image* with *space* as its colour profile, in place of any other; HDR goes without."""
    image = image.copy()
    if image.get_typeof(PROFILE):
        image.remove(PROFILE)
    if not space.is_hdr:
        profile = profile_of(space, is_grey=image.interpretation in _GREY)
        image.set_type(pyvips.GValue.blob_type, PROFILE, profile)
    return image
