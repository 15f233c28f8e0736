"""Reads a file's format and size."""

from typing import BinaryIO

from common.image_header import DamagedHeaderError, ImageHeader
from common.image_header.bounded_file import BoundedFile
from common.image_header.registry import HEAD_BYTES, dimensions, known_format


def read_image_header(file: BinaryIO) -> ImageHeader:
    """Return the header of *file*, read from its start; raise `DamagedHeaderError` for unknown formats.

    Some 4 KiB are read of a sound file, 260 KiB of a hostile one at most. Nothing is decoded: that the header
    is whole says nothing about the pixels.
    """
    file.seek(0)
    image_format = known_format(file.read(HEAD_BYTES))
    if image_format is None:
        message = "The file does not begin as an image that we know."
        raise DamagedHeaderError(message)
    return ImageHeader(image_format, *dimensions(image_format, BoundedFile(file)))
