"""A picture in at most 256 colours, dithered, and whether that can be seen."""

from typing import Any

import oxipng
import pyvips

from processor.engine.codecs.png_packing import is_repacked, pack

_EFFORT = 4
_DITHER = 0.25
"""Effort 5 takes 10 % off a photo for half the time more, 7 no more for twice that; more dithering adds noise."""
_PEAK = 255
_BLUR_SIGMA = 1.2
_DECIBELS_AT_NOTHING, _DECIBELS_A_QUALITY = 24, 0.2
"""The least likeness of a palette: 40 dB at quality 80. Photos reach 43 to 50; a colour wheel in 256 colours, 36."""
_PACKING: dict[str, Any] = {
    "level": 0,
    "filter": [oxipng.RowFilter.NoOp],
    "deflate": oxipng.Deflaters.libdeflater(10),
    "palette_reduction": False,
}
"""Other orders of the palette, which oxipng would try, take half the time more for bytes within 3 %, above or below."""
_RAW, _PACKED = 0, 6
"""libvips' levels of compression; what is repacked need not be packed before."""


def encode_palette(image: pyvips.Image, quality: int, keep: str) -> bytes | None:
    """Return *image* in at most 256 colours, or None where that would be seen."""
    compression = _RAW if is_repacked(image) else _PACKED
    options = {"Q": quality, "effort": _EFFORT, "dither": _DITHER, "compression": compression}
    png: bytes = image.pngsave_buffer(palette=True, keep=keep, **options)
    return pack(image, png, **_PACKING) if _looks_like(image, png, quality) else None


def _looks_like(image: pyvips.Image, palette: bytes, quality: int) -> bool:
    """Say whether the picture in *palette* is close enough to *image*."""
    quantised = pyvips.Image.new_from_buffer(palette, "")
    if image.hasalpha() and not quantised.hasalpha():
        quantised = quantised.addalpha()
    difference = _as_seen(image) - _as_seen(quantised)
    decibels = _DECIBELS_AT_NOTHING + quality * _DECIBELS_A_QUALITY
    return bool((difference * difference).avg() <= _PEAK**2 / 10 ** (decibels / 10))


def _as_seen(image: pyvips.Image) -> pyvips.Image:
    """Return *image* blurred a little, as the eye does with dithering: what is left is banding and wrong colours.

    In 8 bits, at half the time of floats: that takes no more than a tenth of a decibel off where it matters.
    """
    colours = image.colourspace("srgb")
    seen = colours.premultiply().cast("uchar") if colours.hasalpha() else colours
    return seen.gaussblur(_BLUR_SIGMA)
