"""Brings any colour space to 8-bit sRGB, so that the picture looks the same everywhere."""

import pyvips

from processor.engine.colour.tone_mapping import tone_map
from processor.engine.picture import PictureSpec

_GREY_OR_RGB = {"b-w", "srgb"}


def convert_to_srgb(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:
    """Return *image* in 8-bit sRGB, or in 8-bit grey when it was grey, through its profile where it has one."""
    if spec.hdr:
        return tone_map(image, spec.hdr)
    if image.interpretation == "cmyk":
        # Perceptual came closest to littlecms's own rendering of press profiles; "cmyk" is libvips' own press profile.
        return image.icc_transform("srgb", embedded=True, input_profile="cmyk", intent="perceptual", depth=8)
    if image.get_typeof("icc-profile-data"):
        return _convert_by_profile(image)
    if image.interpretation in _GREY_OR_RGB and image.format == "uchar":
        return image
    return image.colourspace("b-w" if image.interpretation in {"grey16", "b-w"} else "srgb")


def _convert_by_profile(image: pyvips.Image) -> pyvips.Image:
    try:
        return image.icc_transform("srgb", embedded=True, intent="perceptual", depth=8)
    except pyvips.Error:  # a profile that cannot be read, or is for another kind of image, says nothing
        return image.colourspace("srgb")
