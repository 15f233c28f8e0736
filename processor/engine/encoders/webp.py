"""WebP, by libwebp; keeps transparency and frames."""

import pyvips

from common.options import VariantOptions
from processor.engine import ImageRefusedError, Refusal
from processor.engine.metadata import KEPT

MAX_SIDE_PIXELS = 16383
"""The format stores sides in 14 bits."""


def encode(image: pyvips.Image, options: VariantOptions) -> bytes:
    """Return *image* as lossy WebP; raise `ImageRefusedError` when a side is longer than the format can say."""
    height = image.get_page_height()
    if max(image.width, height) > MAX_SIDE_PIXELS:
        raise ImageRefusedError(
            Refusal.VARIANT_TOO_LARGE,
            f"A WebP image may have {MAX_SIDE_PIXELS} pixels a side at most, not {image.width} x {height}; "
            "ask for a smaller maxDimension or another format.",
        )
    keep = KEPT if options.keep_metadata else "none"
    encoded: bytes = image.webpsave_buffer(Q=options.quality, effort=4, keep=keep)
    return encoded
