"""Step 7: encode a picture, by its format's encoder."""

import pyvips

from common.formats import ImageFormat
from common.options import VariantOptions
from processor.engine.encoders import avif, jpeg, png, webp

_ENCODERS = {
    ImageFormat.JPEG: jpeg.encode,
    ImageFormat.PNG: png.encode,
    ImageFormat.WEBP: webp.encode,
    ImageFormat.AVIF: avif.encode,
}


def encoded(image: pyvips.Image, image_format: ImageFormat, options: VariantOptions) -> bytes:
    """Return *image* as the bytes of a file of *image_format*."""
    return _ENCODERS[image_format](image, options)
