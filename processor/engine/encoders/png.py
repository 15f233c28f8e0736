"""PNG: a palette where quality allows a loss, true colour at quality 100."""

import pyvips

from common.options import VariantOptions

_LOSSLESS = 100


def encode(image: pyvips.Image, options: VariantOptions) -> bytes:
    """Return *image* as PNG."""
    keep = "exif|xmp|iptc|icc" if options.keep_metadata else "none"
    if options.quality == _LOSSLESS:
        lossless: bytes = image.pngsave_buffer(keep=keep)
        return lossless
    encoded: bytes = image.pngsave_buffer(palette=True, Q=options.quality, keep=keep)
    return encoded
