"""The frames of an animated PNG (APNG), of which libvips reads a still picture only.

Each frame becomes a PNG of its own, which libvips decodes. https://www.w3.org/TR/png-3/#apng-frame-based-animation
"""

import mmap
import struct
import zlib
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple, NoReturn

from processor.engine import ImageRefusedError, Refusal
from processor.engine.decoding.animation import COLOUR, GREY, Animation, Disposal, Frame

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK_FRAME = 12
"""A chunk's length, its name and its checksum."""
_FRAME_CONTROL = struct.Struct(">IIIIIHHBB")
_NEEDED_BY_PIXELS = frozenset({b"PLTE", b"tRNS"})
_WITHOUT_COLOUR = frozenset({0, 4})
"""IHDR's colour types of grey pictures."""
_DISPOSALS = (Disposal.KEEP, Disposal.CLEAR, Disposal.RESTORE)


class _Chunk(NamedTuple):
    name: bytes
    start: int
    end: int


class _Shown(NamedTuple):
    """A frame's control chunk, and where its pixels' data lies."""

    control: tuple[int, ...]
    data: list[slice]


def animation_of(content: bytes | mmap.mmap) -> Animation | None:
    """Return the animation in the PNG file *content*; None for a still one.

    Raises `ImageRefusedError` where the chunks of an animation contradict one another, or one is cut or overwritten.
    """
    head, loops = _read_head(content)
    if loops is None:
        return None
    frames = tuple(_frames(content, head))
    if len(frames) < 2:  # noqa: PLR2004 - one picture does not move
        return None
    width, height, _, colour_type = struct.unpack_from(">IIBB", head, len(_SIGNATURE) + 8)
    space = GREY if colour_type in _WITHOUT_COLOUR else COLOUR
    return Animation(width=width, height=height, loops=loops, frames=frames, space=space, has_still=True)


def _read_head(content: bytes | mmap.mmap) -> tuple[bytes, int | None]:
    """Return what every frame's file begins with, and how often the animation is played: None for a still picture."""
    head, loops = _SIGNATURE, None
    for chunk in _chunks(content):
        if chunk.name == b"IDAT":
            break
        if chunk.name == b"acTL" and chunk.end - chunk.start == 8:  # noqa: PLR2004 - two numbers
            frames, plays = struct.unpack(">II", content[chunk.start : chunk.end])
            loops = plays if frames else None
        elif chunk.name == b"IHDR" or chunk.name in _NEEDED_BY_PIXELS:
            head += content[chunk.start - 8 : chunk.end + 4]
    return head, loops


def _frames(content: bytes | mmap.mmap, head: bytes) -> Iterator[Frame]:
    size = struct.unpack_from(">II", head, len(_SIGNATURE) + 8)
    for shown in _shown(content):
        _, width, height, left, top, delay, unit, disposal, blending = shown.control
        fits = 0 < width <= size[0] - left and 0 < height <= size[1] - top
        if not fits or disposal >= len(_DISPOSALS) or not shown.data:
            _refuse("a frame of its animation does not fit into it")
        yield Frame(
            still=partial(_still, content, head, width, height, shown.data),
            left=left,
            top=top,
            width=width,
            height=height,
            milliseconds=round(1000 * delay / (unit or 100)),
            disposal=_DISPOSALS[disposal],
            replaces=blending == 0,
        )


def _shown(content: bytes | mmap.mmap) -> Iterator[_Shown]:
    """Yield each frame of the animation; the still picture is one of them only where a control chunk precedes it."""
    current: _Shown | None = None
    expected = 0
    for chunk in _chunks(content):
        if chunk.name in {b"fcTL", b"fdAT"}:
            _check(content, chunk, expected)
            expected += 1
        if chunk.name == b"IDAT" and current is not None:
            current.data.append(slice(chunk.start, chunk.end))
        elif chunk.name == b"fdAT" and current is not None:
            current.data.append(slice(chunk.start + 4, chunk.end))
        elif chunk.name in {b"fcTL", b"IEND"}:
            if current is not None:
                yield current
            current = _Shown(_control(content, chunk), []) if chunk.name == b"fcTL" else None
        if chunk.name == b"IEND":
            return
    _refuse("it ends inside its animation")


def _check(content: bytes | mmap.mmap, chunk: _Chunk, expected: int) -> None:
    whole = content[chunk.start - 4 : chunk.end + 4]
    if zlib.crc32(whole[:-4]) != int.from_bytes(whole[-4:]) or int.from_bytes(whole[4:8]) != expected:
        _refuse("a frame of its animation was overwritten or is missing")


def _control(content: bytes | mmap.mmap, chunk: _Chunk) -> tuple[int, ...]:
    if chunk.end - chunk.start != _FRAME_CONTROL.size:
        _refuse("a frame of its animation was overwritten or is missing")
    return _FRAME_CONTROL.unpack(content[chunk.start : chunk.end])


def _still(content: bytes | mmap.mmap, head: bytes, width: int, height: int, data: list[slice]) -> bytes:
    header_at = len(_SIGNATURE)
    header = (
        head[header_at + 4 : header_at + 8] + struct.pack(">II", width, height) + head[header_at + 16 : header_at + 21]
    )
    others = head[header_at + 25 :]
    pixels = b"".join(content[place] for place in data)
    return _SIGNATURE + _chunk(header) + others + _chunk(b"IDAT" + pixels) + _chunk(b"IEND")


def _chunk(named: bytes) -> bytes:
    return struct.pack(">I", len(named) - 4) + named + struct.pack(">I", zlib.crc32(named))


def _chunks(content: bytes | mmap.mmap) -> Iterator[_Chunk]:
    """Yield the chunks that are whole."""
    at = len(_SIGNATURE)
    while at + _CHUNK_FRAME <= len(content):
        length, name = struct.unpack(">I4s", content[at : at + 8])
        if at + _CHUNK_FRAME + length > len(content):
            return
        yield _Chunk(name, at + 8, at + 8 + length)
        at += _CHUNK_FRAME + length


def _refuse(reason: str) -> NoReturn:
    raise ImageRefusedError(Refusal.IMAGE_DAMAGED, f"The image is damaged or incomplete: {reason}.")
