"""Width and height out of each format's header, which must be whole up to where the pixels begin."""

import os
import struct
import zlib
from collections.abc import Callable
from typing import NoReturn

import imagesize

from common.formats import ImageFormat
from common.image_header import DamagedHeaderError
from common.image_header.avif import avif_size
from common.image_header.bounded_file import BoundedFile

Size = tuple[int, int]
_UNREAD: Size = (-1, -1)
"""imagesize's answer whenever it cannot tell, and ours."""

_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_STANDALONE = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
"""Markers without a length: stuffing, TEM, restarts, start of image."""


def dimensions(image_format: ImageFormat, file: BoundedFile) -> Size:
    """Return width and height as stored, not 0; raise `DamagedHeaderError`."""
    width, height = _READERS[image_format](file)
    if width < 1 or height < 1:
        _refuse("it cannot be read" if (width, height) == _UNREAD else "it gives the image no width or no height")
    return width, height


def _png(file: BoundedFile) -> Size:
    file.seek(8)
    header = file.exactly(25)
    if not header.startswith(b"\0\0\0\x0dIHDR") or zlib.crc32(header[4:21]) != int.from_bytes(header[21:]):
        _refuse("its first chunk is not a whole IHDR")
    width, height = struct.unpack(">LL", header[8:16])
    _skip_to_png_pixels(file)
    return width, height


def _skip_to_png_pixels(file: BoundedFile) -> None:
    position = 33
    while True:
        file.seek(position)
        length, kind = struct.unpack(">L4s", file.exactly(8))
        if kind == b"IDAT":
            return
        position += 12 + length


def _gif(file: BoundedFile) -> Size:
    # Not imagesize: it takes the numbers for signed ones, and those above 32767 are lost.
    file.seek(6)
    width, height = struct.unpack("<HH", file.exactly(7)[:4])
    return width, height


def _webp(file: BoundedFile) -> Size:
    # Not imagesize: it takes the scaling bits of VP8 for part of the size, and checks no start code.
    file.seek(12)
    kind = file.exactly(8)[:4]
    if kind == b"VP8X":
        canvas = file.exactly(10)[4:]
        return _little(canvas[:3]) + 1, _little(canvas[3:]) + 1
    if kind == b"VP8L" and file.exactly(1) == b"\x2f":
        bits = _little(file.exactly(4))
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind != b"VP8 " or file.exactly(6)[3:] != b"\x9d\x01\x2a":
        _refuse("its first chunk is no picture")
    return _little(file.exactly(2)) & 0x3FFF, _little(file.exactly(2)) & 0x3FFF


def _jpeg(file: BoundedFile) -> Size:
    # Not imagesize: it is content with a file that ends before its pixels begin.
    file.seek(2)
    size = None
    while (marker := _next_marker(file)) not in {_START_OF_SCAN, _END_OF_IMAGE}:
        if marker in _STANDALONE:
            continue
        left = int.from_bytes(file.exactly(2)) - 2
        if marker in _START_OF_FRAME and size is None:
            height, width = struct.unpack(">xHH", file.exactly(5))
            size, left = (width, height), left - 5
        if left < 0:
            _refuse("a segment has no room for what it holds")
        file.seek(left, os.SEEK_CUR)
    if size is None or marker == _END_OF_IMAGE:
        _refuse("it names no size before the pixels begin")
    return size


def _next_marker(file: BoundedFile) -> int:
    # Decoders skip what stands between segments, and any number of fill bytes; so do we.
    byte = file.exactly(1)
    while byte != b"\xff":
        byte = file.exactly(1)
    while byte == b"\xff":
        byte = file.exactly(1)
    return byte[0]


def _avif(file: BoundedFile) -> Size:
    return avif_size(file) or _UNREAD


def _tiff(file: BoundedFile) -> Size:
    width, height = imagesize.get(file, exif_rotation=False)
    return int(width), int(height)


def _little(number: bytes) -> int:
    return int.from_bytes(number, "little")


def _refuse(reason: str) -> NoReturn:
    message = f"The image's header is damaged: {reason}."
    raise DamagedHeaderError(message)


_READERS: dict[ImageFormat, Callable[[BoundedFile], Size]] = {
    ImageFormat.JPEG: _jpeg,
    ImageFormat.PNG: _png,
    ImageFormat.WEBP: _webp,
    ImageFormat.GIF: _gif,
    ImageFormat.TIFF: _tiff,
    ImageFormat.AVIF: _avif,
}
