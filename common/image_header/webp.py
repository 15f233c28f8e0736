"""The size of a WebP."""

import contextlib
import struct

from common.image_header import DamagedHeaderError
from common.image_header.bounded_file import BoundedFile
from common.image_header.reader import HeaderReader, Size, refuse


def _size(file: BoundedFile) -> Size:
    # Not imagesize: it reads VP8's scaling bits as part of the size, and checks no start code.
    file.seek(12)
    kind = file.exactly(8)[:4]
    if kind == b"VP8X":
        canvas = file.exactly(10)[4:]
        return _little(canvas[:3]) + 1, _little(canvas[3:]) + 1
    if kind == b"VP8L" and file.exactly(1) == b"\x2f":
        bits = _little(file.exactly(4))
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind != b"VP8 " or file.exactly(6)[3:] != b"\x9d\x01\x2a":
        refuse("its first chunk is no picture")
    return _little(file.exactly(2)) & 0x3FFF, _little(file.exactly(2)) & 0x3FFF


def _frames(file: BoundedFile) -> int:
    frames, position = 0, 12
    with contextlib.suppress(DamagedHeaderError):
        while True:
            file.seek(position)
            kind, length = struct.unpack("<4sL", file.exactly(8))
            frames += kind == b"ANMF"
            position += 8 + length + length % 2
    return frames


def _little(number: bytes) -> int:
    return int.from_bytes(number, "little")


READER = HeaderReader(signature=rb"RIFF....WEBP", size=_size, frames=_frames)
