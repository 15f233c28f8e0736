"""JPEG, by libvips' mozjpeg; transparency becomes white."""

import pyvips

from common.options import VariantOptions


def encode(image: pyvips.Image, options: VariantOptions) -> bytes:
    """Return *image* as a progressive JPEG."""
    opaque = image.flatten(background=255) if image.hasalpha() else image
    keep = "exif|xmp|iptc|icc" if options.keep_metadata else "none"
    encoded: bytes = opaque.jpegsave_buffer(Q=options.quality, interlace=True, keep=keep)
    return encoded
