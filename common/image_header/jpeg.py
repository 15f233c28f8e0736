"""The size of a JPEG, whose segments must be whole up to the first scan."""

import os
import struct

from common.formats import ImageFormat
from common.image_header import UnsupportedImageError
from common.image_header.bounded_file import BoundedFile
from common.image_header.reader import HeaderReader, Size, refuse

_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
_HIERARCHICAL = frozenset({0xC5, 0xC6, 0xCD, 0xCE})
_BITS = 8
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_STANDALONE = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
"""Markers without a length: stuffing, TEM, restarts, start of image."""


def _size(file: BoundedFile) -> Size:
    # Not imagesize: it accepts a file that ends before its pixels begin.
    file.seek(2)
    size = None
    while (marker := _next_marker(file)) not in {_START_OF_SCAN, _END_OF_IMAGE}:
        if marker in _STANDALONE:
            continue
        left = int.from_bytes(file.exactly(2)) - 2
        if marker in _START_OF_FRAME and size is None:
            precision, height, width = struct.unpack(">BHH", file.exactly(5))
            _refuse_unsupported(marker, precision)
            size, left = (width, height), left - 5
        if left < 0:
            refuse("a segment has no room for what it holds")
        file.seek(left, os.SEEK_CUR)
    if size is None or marker == _END_OF_IMAGE:
        refuse("it names no size before the pixels begin")
    return size


def _next_marker(file: BoundedFile) -> int:
    # Like decoders, skip bytes between segments, and any number of fill bytes.
    byte = file.exactly(1)
    while byte != b"\xff":
        byte = file.exactly(1)
    while byte == b"\xff":
        byte = file.exactly(1)
    return byte[0]


def _refuse_unsupported(frame: int, precision: int) -> None:
    """Raise `UnsupportedImageError` for kinds of JPEG that are not made for screens."""
    if frame in _LOSSLESS:
        raise UnsupportedImageError(ImageFormat.JPEG, "lossless compression")
    if frame in _HIERARCHICAL:
        raise UnsupportedImageError(ImageFormat.JPEG, "several resolutions")
    if precision != _BITS:
        raise UnsupportedImageError(ImageFormat.JPEG, f"{precision} bits a sample")


READER = HeaderReader(signature=rb"\xff\xd8\xff", size=_size)
