"""Animations drawn frame by frame: written as GIF and APNG files, and shown as browsers show them."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.unit.processor.engine.pictures import Pixels

KEEP, CLEAR, RESTORE = range(3)
_GIF_DISPOSALS = (1, 2, 3)
_CODE_BITS, _CLEAR_CODE = 9, 256


@dataclass(frozen=True)
class Drawn:
    """A frame: its pixels with transparency, and where and how they are drawn."""

    pixels: NDArray[Any]
    left: int = 0
    top: int = 0
    disposal: int = KEEP
    replaces: bool = False
    milliseconds: int = 100


def random_frames(random: np.random.Generator, width: int, height: int) -> list[Drawn]:
    """Return up to five frames of any place, size and disposal; colours are few, and opaque or clear."""
    return [_random_frame(random, width, height) for _ in range(random.integers(1, 6))]


def _random_frame(random: np.random.Generator, width: int, height: int) -> Drawn:
    left, top = (int(random.integers(0, side)) for side in (width, height))
    size = (int(random.integers(1, height - top + 1)), int(random.integers(1, width - left + 1)))
    if random.random() < 0.3:
        left, top, size = 0, 0, (height, width)
    colours = np.append(random.integers(0, 256, (7, 4)), [[0, 0, 0, 0]], axis=0)
    colours[:7, 3] = 255
    used = 8 if random.random() < 0.5 else 7
    pixels = colours[random.integers(0, used, size)].astype(np.uint8)
    return Drawn(pixels, left, top, int(random.integers(0, 3)))


def shown(frames: Sequence[Drawn], width: int, height: int) -> list[Pixels]:
    """Return what a browser shows, frame by frame: where nothing was drawn, nothing is."""
    canvas = np.zeros((height, width, 4), np.uint8)
    pictures = []
    for frame in frames:
        before = canvas.copy()
        place = canvas[frame.top : frame.top + frame.pixels.shape[0], frame.left : frame.left + frame.pixels.shape[1]]
        pixels = frame.pixels[: place.shape[0], : place.shape[1]]
        place[:] = pixels if frame.replaces else _over(place, pixels)
        pictures.append(canvas.copy())
        if frame.disposal == CLEAR:
            place[:] = 0
        elif frame.disposal == RESTORE:
            canvas = before
    return pictures


def _over(below: Pixels, above: Pixels) -> Pixels:
    top, bottom = above[..., 3:] / 255, below[..., 3:] / 255
    alpha = top + bottom * (1 - top)
    colours = (above[..., :3] * top + below[..., :3] * bottom * (1 - top)) / np.maximum(alpha, 1e-9)
    return np.concatenate([colours, alpha * 255], axis=-1).round().astype(np.uint8)


def as_gif(frames: Sequence[Drawn], width: int, height: int, *, background: tuple[int, int, int] = (9, 99, 9)) -> bytes:
    """Return a GIF file whose frames name a transparent colour only where they have one."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes([*background, 0, 0, 0])
    loops = b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    return b"GIF89a" + screen + loops + b"".join(map(_gif_frame, frames)) + b";"


def _gif_frame(frame: Drawn) -> bytes:
    height, width = frame.pixels.shape[:2]
    colours, numbers = np.unique(frame.pixels.reshape(-1, 4), axis=0, return_inverse=True)
    clear = np.flatnonzero(colours[:, 3] == 0)
    flags = _GIF_DISPOSALS[frame.disposal] << 2 | len(clear)
    transparent = int(clear[0]) if len(clear) else 0
    control = b"!\xf9\x04" + struct.pack("<BHB", flags, frame.milliseconds // 10, transparent) + b"\0"
    table = colours[:, :3].tobytes().ljust(3 * 256, b"\0")
    place = b"," + struct.pack("<HHHHB", frame.left, frame.top, width, height, 0x87)
    return control + place + table + _gif_pixels(numbers.reshape(-1).tolist())


def _gif_pixels(numbers: list[int]) -> bytes:
    """Return *numbers* in LZW that refers to nothing: its table is cleared before it makes codes longer."""
    codes = [code for at in range(0, len(numbers), 250) for code in (_CLEAR_CODE, *numbers[at : at + 250])]
    bits = sum(code << (_CODE_BITS * at) for at, code in enumerate([*codes, _CLEAR_CODE + 1]))
    data = bits.to_bytes((len(codes) + 1) * _CODE_BITS // 8 + 1, "little")
    blocks = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"\x08" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def as_apng(frames: Sequence[Drawn], width: int, height: int, *, still: Pixels | None = None, plays: int = 0) -> bytes:
    """Return an APNG file; *still*, or else the first frame, is for readers of stills and fills the canvas.

    Pixels may have 16 bits.
    """
    header = struct.pack(">IIBBBBB", width, height, 8 * frames[0].pixels.itemsize, 6, 0, 0, 0)
    chunks = [_chunk(b"IHDR", header), _chunk(b"acTL", struct.pack(">II", len(frames), plays))]
    if still is not None:
        chunks.append(_chunk(b"IDAT", _png_pixels(still)))
    sequence = 0
    for frame in frames:
        size = (frame.pixels.shape[1], frame.pixels.shape[0], frame.left, frame.top)
        how = (frame.milliseconds, 1000, frame.disposal, 0 if frame.replaces else 1)
        chunks.append(_chunk(b"fcTL", struct.pack(">IIIIIHHBB", sequence, *size, *how)))
        data = _png_pixels(frame.pixels)
        is_still = sequence == 0 and still is None
        chunks.append(_chunk(b"IDAT", data) if is_still else _chunk(b"fdAT", struct.pack(">I", sequence + 1) + data))
        sequence += 1 if is_still else 2
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + _chunk(b"IEND", b"")


def filling(frames: Sequence[Drawn], width: int, height: int) -> list[Drawn]:
    """Return *frames* with the first one made to fill the canvas, as an APNG's must."""
    first = np.zeros((height, width, 4), np.uint8)
    height, width = frames[0].pixels.shape[:2]
    first[:height, :width] = frames[0].pixels
    return [replace(frames[0], pixels=first, left=0, top=0), *frames[1:]]


def _png_pixels(pixels: NDArray[Any]) -> bytes:
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels.astype(pixels.dtype.newbyteorder(">"))))


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
