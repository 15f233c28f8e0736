"""The frames of a GIF that libvips, or libnsgif inside it, puts together otherwise than browsers do.

Browsers know no background colour: where no frame is, a picture can be seen through. libnsgif paints the background
wherever a frame names no transparent colour, and enlarges the canvas for frames that do not fit.
"""

import mmap
import struct
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from processor.engine.decoding.animation import Animation, Disposal, Frame

_SCREEN_END = 13
_SCREEN = struct.Struct("<HHB")
_PLACE = struct.Struct("<HHHHB")
_HAS_TABLE, _TABLE_SIZE = 0x80, 0x07
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_DISPOSALS = {2: Disposal.CLEAR, 3: Disposal.RESTORE, 4: Disposal.RESTORE}
"""Some encoders write 4 for 3, and browsers read it so."""
_TEN_MILLISECONDS = 10


class _Control(NamedTuple):
    """What is said of a frame before it comes."""

    disposal: int = 0
    hundredths: int = 0
    transparent: int | None = None


class _Shown(NamedTuple):
    control: _Control
    left: int
    top: int
    width: int
    height: int
    data: slice
    """From the flags of its place on, to the end of its pixels."""


class _Loops(NamedTuple):
    plays: int


def animation_of(content: bytes | mmap.mmap) -> Animation | None:
    """Return the frames in the GIF file *content*; None where libvips does as well, or the file is cut."""
    width, height, flags = _SCREEN.unpack(content[6:11])
    parts = list(_parts(content, _SCREEN_END + _table_bytes(flags)))
    frames = [part for part in parts if isinstance(part, _Shown)]
    if not parts or parts[-1] is not None or not frames:
        return None
    first = frames[0]
    size = (max(width, first.left + first.width), max(height, first.top + first.height))
    if _is_libvips_right(frames, (width, height)):
        return None
    loops = next((part.plays for part in parts if isinstance(part, _Loops)), 1)
    head = b"GIF89a", content[10 : _SCREEN_END + _table_bytes(flags)]
    made = tuple(_frame(content, head, shown) for shown in frames)
    return Animation(width=size[0], height=size[1], loops=loops, frames=made)


def _is_libvips_right(frames: list[_Shown], size: tuple[int, int]) -> bool:
    if any(one.left + one.width > size[0] or one.top + one.height > size[1] for one in frames):
        return False
    if all(one.control.transparent is not None for one in frames):
        return True
    first = frames[0]
    covers = (first.width, first.height) == size and first.control.disposal not in {3, 4}
    return covers and all(one.control.disposal < 2 or one.control.transparent is not None for one in frames[:-1])  # noqa: PLR2004 - kept


def _frame(content: bytes | mmap.mmap, head: tuple[bytes, bytes], shown: _Shown) -> Frame:
    return Frame(
        still=partial(_still, content, head, shown),
        left=shown.left,
        top=shown.top,
        width=shown.width,
        height=shown.height,
        milliseconds=shown.control.hundredths * _TEN_MILLISECONDS,
        disposal=_DISPOSALS.get(shown.control.disposal, Disposal.KEEP),
    )


def _still(content: bytes | mmap.mmap, head: tuple[bytes, bytes], shown: _Shown) -> bytes:
    """Return the frame as a file of its own, which it fills."""
    transparent = shown.control.transparent
    control = struct.pack("<BBBBHBB", _EXTENSION, _CONTROL, 4, transparent is not None, 0, transparent or 0, 0)
    size = struct.pack("<HH", shown.width, shown.height)
    place = bytes([_IMAGE, 0, 0, 0, 0]) + size
    return head[0] + size + head[1] + control + place + content[shown.data] + bytes([_TRAILER])


def _parts(content: bytes | mmap.mmap, at: int) -> Iterator[_Shown | _Loops | None]:
    """Yield the frames, how often they are played, and None at the end of a file that is whole."""
    control = _Control()
    while at + 1 < len(content) and content[at] in {_EXTENSION, _IMAGE}:
        if content[at] == _IMAGE:
            place = content[at + 1 : at + 10]
            if len(place) < _PLACE.size:
                return
            left, top, width, height, flags = _PLACE.unpack(place)
            end = _end_of_blocks(content, at + 10 + _table_bytes(flags) + 1)
            if width and height:
                yield _Shown(control, left, top, width, height, slice(at + 9, end))
            control = _Control()
        else:
            end = _end_of_blocks(content, at + 2)
            if content[at + 1] == _CONTROL:
                control = _control(content[at + 3 : at + 7])
            elif content[at + 1] == _APPLICATION and content[at + 3 : at + 14] in _LOOPS:
                yield _loops(content[at + 14 : at + 18])
        at = end
    if at == len(content) or content[at : at + 1] == bytes([_TRAILER]):  # browsers do without one
        yield None


def _control(block: bytes) -> _Control:
    flags, hundredths, transparent = struct.unpack("<BHB", block.ljust(4, b"\0"))
    return _Control(flags >> 2 & 7, hundredths, transparent if flags & 1 else None)


def _loops(block: bytes) -> _Loops:
    """Return how often the frames are played: once and as often again as the file says, for ever with 0."""
    again = int.from_bytes(block[2:4], "little")
    return _Loops(again + 1 if again else 0)


def _end_of_blocks(content: bytes | mmap.mmap, at: int) -> int:
    """Return where the sub-blocks end that begin *at*."""
    while at < len(content) and content[at]:
        at += content[at] + 1
    return at + 1


def _table_bytes(flags: int) -> int:
    return 3 << (flags & _TABLE_SIZE) + 1 if flags & _HAS_TABLE else 0
