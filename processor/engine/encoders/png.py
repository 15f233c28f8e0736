"""PNG: a dithered palette while that looks right and is the smaller one, else true colour, losslessly packed."""

from typing import Any

import oxipng
import pyvips

from common.options import VariantOptions
from processor.engine.metadata import KEPT
from processor.engine.png_iptc import with_iptc

_LOSSLESS = 100
_EFFORT = 4
_DITHER = 0.25
"""Effort 5 takes 10 % off a photo for half the time more, 7 no more for twice that; more dithering adds noise."""
_STRIP, _STRIPS_APART = 16, 128
_QUICK_TO_WHOLE = 2
"""More than a quick attempt at true colour can lose against a thorough one; photos take four times their palette."""
_PEAK = 255
_BLUR_SIGMA = 1.2
_DECIBELS_AT_NOTHING, _DECIBELS_A_QUALITY = 24, 0.2
"""The least likeness of a palette: 40 dB at quality 80. Photos reach 43 to 50; a colour wheel in 256 colours, 36."""
_PALETTE_PACKING: dict[str, Any] = {
    "level": 0,
    "filter": [oxipng.RowFilter.NoOp],
    "deflate": oxipng.Deflaters.libdeflater(10),
    "palette_reduction": False,
}
"""Other orders of the palette, which oxipng would try, take half the time more for bytes within 3 %, above or below."""
_RAW, _PACKED = 0, 6
"""libvips' levels of compression; what is repacked need not be packed before."""
_LARGE_PIXELS = 4_000_000
_LEVEL, _LEVEL_WHEN_LARGE = 1, 0
"""oxipng's levels for true colour: 2 takes twice the time for 0.4 %; at 12 megapixels 1 takes 4 s for 6 %."""
_REPACKED_PIXELS = 25_000_000
"""Beyond this oxipng's copies of all pixels would not fit into a task's memory."""


def encode(image: pyvips.Image, options: VariantOptions) -> bytes:
    """Return *image* as PNG, without any loss at quality 100."""
    keep = KEPT if options.keep_metadata else "none"
    png = _smallest(image, options.quality, keep)
    if options.keep_metadata and image.get_typeof("iptc-data"):
        return with_iptc(png, bytes(image.get("iptc-data")))
    return png


def _smallest(image: pyvips.Image, quality: int, keep: str) -> bytes:
    palette = None if quality == _LOSSLESS else _palette(image, quality, keep)
    if palette is None or _may_be_smaller_whole(image, palette):
        true_colour = _true_colour(image, keep)
        if palette is None or len(true_colour) < len(palette):
            return true_colour
    return palette


def _may_be_smaller_whole(image: pyvips.Image, palette: bytes) -> bool:
    """Say whether true colour, as for a smooth gradient, may take fewer bytes than *palette*.

    A quick attempt on an eighth of the rows tells: of photos it says the same as one on them all, within a tenth.
    """
    tops = range(0, image.height, _STRIPS_APART)
    strips = [image.crop(0, top, image.width, min(_STRIP, image.height - top)) for top in tops]
    sample = pyvips.Image.arrayjoin(strips, across=1)
    quick: bytes = sample.pngsave_buffer(filter="paeth", compression=1, keep="none")
    return bool(len(quick) * image.height < _QUICK_TO_WHOLE * len(palette) * sample.height)


def _true_colour(image: pyvips.Image, keep: str) -> bytes:
    saved: bytes = image.pngsave_buffer(filter="all", keep=keep)
    large = image.width * image.height > _LARGE_PIXELS
    return _repacked(image, saved, level=_LEVEL_WHEN_LARGE if large else _LEVEL)


def _palette(image: pyvips.Image, quality: int, keep: str) -> bytes | None:
    """Return *image* in at most 256 colours, or None where that would be seen."""
    compression = _RAW if _is_repacked(image) else _PACKED
    options = {"Q": quality, "effort": _EFFORT, "dither": _DITHER, "compression": compression}
    png: bytes = image.pngsave_buffer(palette=True, keep=keep, **options)
    return _repacked(image, png, **_PALETTE_PACKING) if _looks_like(image, png, quality) else None


def _repacked(image: pyvips.Image, png: bytes, **options: Any) -> bytes:
    return oxipng.optimize_from_memory(png, **options) if _is_repacked(image) else png


def _is_repacked(image: pyvips.Image) -> bool:
    return bool(image.width * image.height <= _REPACKED_PIXELS)


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
