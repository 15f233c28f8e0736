"""The size of a GIF's canvas, and the number of its frames."""

import contextlib
import struct

from common.image_header import DamagedHeaderError
from common.image_header.bounded_file import BoundedFile
from common.image_header.reader import HeaderReader, Size

_FLAGS_AT, _SCREEN_END, _PLACE_BYTES = 10, 13, 11
"""A frame's place: its mark, its sides, its flags, and the size of its codes."""
_EXTENSION, _IMAGE = 0x21, 0x2C
_HAS_TABLE, _TABLE_SIZE = 0x80, 0x07
_WINDOW_BYTES = 4096
_MOST_BLOCKS = 500_000
"""Of 255 bytes at most: four times what an upload holds by default."""


def _size(file: BoundedFile) -> Size:
    # Not imagesize: it reads the numbers as signed, and loses those above 32767.
    file.seek(6)
    width, height = struct.unpack("<HH", file.exactly(7)[:4])
    return width, height


def _frames(file: BoundedFile) -> int:
    """Return the number of frames, found from one to the next: no header has it."""
    frames, blocks_left = 0, _MOST_BLOCKS
    with contextlib.suppress(DamagedHeaderError):
        file.seek(_FLAGS_AT)
        position = _SCREEN_END + _table_bytes(file.exactly(1)[0])
        while blocks_left > 0:
            file.seek(position)
            kind = file.exactly(1)[0]
            if kind == _IMAGE:
                frames += 1
                position += _PLACE_BYTES + _table_bytes(file.exactly(_PLACE_BYTES - 2)[-1])
            elif kind == _EXTENSION:
                position += 2
            else:
                break
            position, blocks = _end_of_blocks(file, position)
            blocks_left -= blocks
    return frames


def _end_of_blocks(file: BoundedFile, position: int) -> tuple[int, int]:
    """Return where the blocks end that begin at *position*, and how many they are."""
    blocks = 0
    while blocks < _MOST_BLOCKS:
        file.seek(position)
        window = file.read(_WINDOW_BYTES)
        place = 0
        while place < len(window):
            size = window[place]
            blocks += 1
            place += size + 1
            if not size:
                return position + place, blocks
        if not window:
            break
        position += place
    message = "The file ends inside a frame."
    raise DamagedHeaderError(message)


def _table_bytes(flags: int) -> int:
    return 3 << (flags & _TABLE_SIZE) + 1 if flags & _HAS_TABLE else 0


READER = HeaderReader(signature=rb"GIF8[79]a", size=_size, frames=_frames)
