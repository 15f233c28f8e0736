"""Step 6: encode a picture, write its file and read the header back."""

from pathlib import Path

import pyvips

from common.formats import ImageFormat
from common.options import VariantOptions
from processor.engine import MadeVariant
from processor.engine.encoders import avif, jpeg, png, webp
from processor.engine.header import Header, read_header
from processor.engine.sizing import Size

_ENCODERS = {
    ImageFormat.JPEG: jpeg.encode,
    ImageFormat.PNG: png.encode,
    ImageFormat.WEBP: webp.encode,
    ImageFormat.AVIF: avif.encode,
}


class UnexpectedOutputError(Exception):
    """An encoder wrote something else than it was asked for: a defect of ours, never of the image."""


def write_variant(
    image: pyvips.Image, image_format: ImageFormat, options: VariantOptions, output: Path
) -> tuple[Header, int]:
    """Write *image* to *output* and return the header read back and the bytes written."""
    encoded = _ENCODERS[image_format](image, options)
    output.write_bytes(encoded)
    return read_header(output), len(encoded)


def checked(path: Path, original: Header, written: Header, size: Size, byte_size: int) -> MadeVariant:
    """Return what was made; raise `UnexpectedOutputError` when the file's header does not say so too."""
    if (written.width, written.height) != size:
        message = f"{path.name} is {written.width} x {written.height}, not {size.width} x {size.height}"
        raise UnexpectedOutputError(message)
    return MadeVariant(path, written.format, *size, byte_size, written.frames, original.frames)
