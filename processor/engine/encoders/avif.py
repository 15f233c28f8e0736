"""AVIF, by libheif and aom; keeps transparency."""

import pyvips

from common.options import VariantOptions
from processor.engine.metadata import KEPT


def encode(image: pyvips.Image, options: VariantOptions) -> bytes:
    """Return *image* as AVIF."""
    keep = KEPT if options.keep_metadata else "none"
    encoded: bytes = image.heifsave_buffer(compression="av1", Q=options.quality, effort=3, keep=keep)
    return encoded
