"""Lossless WebP for flat pictures, such as screenshots, charts and pages of text: fewer bytes, and nothing is lost."""

import pyvips

_FLAT = 0.75
"""The least share of pixels that equal their left neighbour: photos stay below 0.6, screenshots are at 0.9."""
_MOST_PIXELS = 12_000_000
"""Beyond this, up to 50 bytes of memory a pixel would not fit into a task."""
_STRIP, _STRIPS_APART = 16, 128
_SAMPLE_TO_WHOLE = 1.25
"""More than a sample of the rows loses against all of them, in bytes a row, where these are worth it."""
_SMALL_PIXELS = 250_000
"""Up to this a sample would save no time."""
_EFFORT, _EFFORT_OF_SAMPLE = 2, 1
"""Effort 4 and more gained nothing on flat pictures."""


def encode_flat(image: pyvips.Image, keep: str, lossy_bytes: int) -> bytes | None:
    """Return *image* as lossless WebP; None for a picture that is not flat, or would take more than *lossy_bytes*."""
    if not (_is_flat(image) and _may_be_smaller(image, lossy_bytes)):
        return None
    lossless: bytes = image.webpsave_buffer(lossless=True, effort=_EFFORT, keep=keep)
    return lossless if len(lossless) < lossy_bytes else None


def _is_flat(image: pyvips.Image) -> bool:
    width = image.width - 1
    if not width or image.width * image.height > _MOST_PIXELS:
        return False
    equal = image.crop(1, 0, width, image.height) == image.crop(0, 0, width, image.height)
    return bool(equal.bandand().avg() >= _FLAT * 255)


def _may_be_smaller(image: pyvips.Image, lossy_bytes: int) -> bool:
    """Say whether *image* may take fewer than *lossy_bytes*, which an attempt on an eighth of the rows tells."""
    if image.width * image.height <= _SMALL_PIXELS:
        return True
    tops = range(0, image.height, _STRIPS_APART)
    strips = [image.crop(0, top, image.width, min(_STRIP, image.height - top)) for top in tops]
    sample = pyvips.Image.arrayjoin(strips, across=1)
    quick: bytes = sample.webpsave_buffer(lossless=True, effort=_EFFORT_OF_SAMPLE, keep="none")
    return bool(len(quick) * image.height < _SAMPLE_TO_WHOLE * lossy_bytes * sample.height)
