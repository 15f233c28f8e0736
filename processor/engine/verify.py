"""Reads an encoded file's header back before anyone is told of it."""

from common.formats import ImageFormat
from processor.engine import EngineError, ImageRefusedError
from processor.engine.decoding.header import Header, read_header
from processor.engine.geometry.sizes import Size


class UnexpectedOutputError(EngineError):
    """An encoder wrote something else than it was asked for: a defect of ours, never of the image."""


def verify(data: bytes, image_format: ImageFormat, size: Size) -> Header:
    """Return the header of *data*; raise `UnexpectedOutputError` when it says another format or size."""
    try:
        header = read_header(data)
    except ImageRefusedError as exc:
        message = f"the {image_format} that was encoded cannot be read: {exc}"
        raise UnexpectedOutputError(message) from exc
    if (header.format, header.width, header.height) != (image_format, *size):
        message = f"the file is {header.format} of {header.width} x {header.height}, not {image_format} of {size}"
        raise UnexpectedOutputError(message)
    return header
