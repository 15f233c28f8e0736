"""Brings any colour space to 8-bit sRGB, so that the picture looks the same everywhere."""

import pyvips

from processor.engine import ImageRefusedError, Refusal
from processor.engine.colour.describing import PROFILE
from processor.engine.colour.extent import may_have_lost_the_picture
from processor.engine.colour.tone_mapping import tone_map
from processor.engine.picture import PictureSpec

_GREY_OR_RGB = {"b-w", "srgb"}


def convert_to_srgb(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:
    """Return *image* in 8-bit sRGB, or in 8-bit grey when it was grey, through its profile where it has one.

    With a *spec* that is in doubt, a profile that makes one colour of all is left out. Raises `ImageRefusedError` where
    one colour is left without it as well.
    """
    if not needs_conversion(image, spec):
        return image
    if not spec.in_doubt:
        return _convert(image, spec)
    image = image.copy_memory()
    converted = _convert(image, spec).copy_memory()
    if may_have_lost_the_picture(image, converted) and image.interpretation != "cmyk":
        converted = _convert_without_profile(image).copy_memory()
    if may_have_lost_the_picture(image, converted):
        raise ImageRefusedError(
            Refusal.UNSUPPORTED_FORMAT, "The image's colours cannot be read: the variant would be of one colour."
        )
    return converted


def needs_conversion(image: pyvips.Image, spec: PictureSpec) -> bool:
    """Say whether *image* is not yet in 8-bit sRGB or grey; no earlier step changes that."""
    is_srgb = image.interpretation in _GREY_OR_RGB and image.format == "uchar"
    return not is_srgb or spec.hdr is not None or bool(image.get_typeof(PROFILE))


def _convert(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:
    if spec.hdr:
        return tone_map(image, spec.hdr)
    if image.interpretation == "cmyk":
        # Perceptual came closest to littlecms's own rendering of press profiles; "cmyk" is libvips' own press profile.
        return image.icc_transform("srgb", embedded=True, input_profile="cmyk", intent="perceptual", depth=8)
    if not image.get_typeof(PROFILE):
        return _convert_without_profile(image)
    try:
        return image.icc_transform("srgb", embedded=True, intent="perceptual", depth=8).copy_memory()
    except pyvips.Error:  # a profile that cannot be read, or is for another kind of image, says nothing
        return _convert_without_profile(image)


def _convert_without_profile(image: pyvips.Image) -> pyvips.Image:
    return image.colourspace("b-w" if image.interpretation in {"grey16", "b-w"} else "srgb")
