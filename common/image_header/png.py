"""The size of a PNG, whose chunks must be whole up to the pixels."""

import contextlib
import struct
import zlib

from common.image_header import DamagedHeaderError
from common.image_header.bounded_file import BoundedFile
from common.image_header.reader import HeaderReader, Size, refuse


def _size(file: BoundedFile) -> Size:
    file.seek(8)
    header = file.exactly(25)
    if not header.startswith(b"\0\0\0\x0dIHDR") or zlib.crc32(header[4:21]) != int.from_bytes(header[21:]):
        refuse("its first chunk is not a whole IHDR")
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


def _frames(file: BoundedFile) -> int:
    """Return the number that an animation begins with; its chunk comes before the pixels."""
    position = 8
    with contextlib.suppress(DamagedHeaderError):
        while True:
            file.seek(position)
            length, kind = struct.unpack(">L4s", file.exactly(8))
            if kind == b"acTL":
                return int.from_bytes(file.exactly(4))
            if kind == b"IDAT":
                break
            position += 12 + length
    return 1


READER = HeaderReader(signature=rb"\x89PNG\r\n\x1a\n", size=_size, frames=_frames)
