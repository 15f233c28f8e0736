"""Reads an upload's header and checks it against the limits, before anything is stored."""

from pathlib import Path
from typing import BinaryIO

from common import image_header
from common.image_header import ImageHeader
from common.image_header.bounded_file import BoundedFile
from common.image_header.registry import HEAD_BYTES, count_frames, dimensions
from common.settings.groups import LimitsSettings
from ingest_api.uploads.header_check import (
    DamagedHeaderError,
    EmptyFileError,
    SideTooLongError,
    TooManyFramesError,
    TooManyPixelsError,
    UnsupportedFormatError,
    UploadRefusedError,
)
from ingest_api.uploads.header_check.signatures import format_of

__all__ = ["ImageHeader", "UploadRefusedError", "check_limits", "header_of", "read_header"]


def read_header(path: Path) -> ImageHeader:
    """Return the header of the file at *path*; blocks, and raises as `header_of` does."""
    with path.open("rb") as file:
        return header_of(file)


def header_of(file: BinaryIO) -> ImageHeader:
    """Return the header of *file*, read from its start; raise an `UploadRefusedError` for anything but an image.

    Some 4 KiB are read of a sound file, 260 KiB of a hostile one at most, and a GIF whole, for its frames. Nothing is
    decoded: that the header is whole says nothing about the pixels.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if not head:
        message = "The file is empty."
        raise EmptyFileError(message)
    image_format = format_of(head)
    try:
        size = dimensions(image_format, BoundedFile(file))
    except image_header.DamagedHeaderError as exc:
        raise DamagedHeaderError(str(exc)) from exc
    except image_header.UnsupportedImageError as exc:
        raise UnsupportedFormatError(str(exc)) from exc
    return ImageHeader(image_format, *size, frames=count_frames(image_format, file))


def check_limits(header: ImageHeader, limits: LimitsSettings) -> None:
    """Raise `TooManyPixelsError`, `SideTooLongError` or `TooManyFramesError` if the image exceeds *limits*."""
    found = f"The image is {header.width} x {header.height} pixels"
    in_all = ""
    if header.frames > 1:
        found, in_all = f"{found} and has {header.frames} frames", " in all"
    if header.frames > limits.frames:
        message = f"{found}; the limit is {limits.frames} frames."
        raise TooManyFramesError(message)
    megapixels = header.width * header.height * header.frames / 1e6
    if megapixels > limits.megapixels:
        message = f"{found}, {megapixels:.1f} megapixels{in_all}; the limit is {limits.megapixels:g} megapixels."
        raise TooManyPixelsError(message)
    if max(header.width, header.height) > limits.side_pixels:
        message = f"{found}; the limit is {limits.side_pixels} pixels a side."
        raise SideTooLongError(message)
