"""Step 9: write a file, and read its header back before anyone is told of it."""

from pathlib import Path

from common.formats import ImageFormat
from processor.engine import MadeVariant
from processor.engine.header import Header, read_header
from processor.engine.sizing import Size


class UnexpectedOutputError(Exception):
    """An encoder wrote something else than it was asked for: a defect of ours, never of the image."""


def written(data: bytes, output: Path, image_format: ImageFormat, size: Size, original: Header) -> MadeVariant:
    """Write *data* to *output*; raise `UnexpectedOutputError` when its header says another format or size."""
    output.write_bytes(data)
    header = read_header(output)
    if (header.format, header.width, header.height) != (image_format, *size):
        message = f"{output.name} is {header.format} of {header.width} x {header.height}, not {image_format} of {size}"
        raise UnexpectedOutputError(message)
    return MadeVariant(output, image_format, *size, len(data), header.frames, original.frames)
