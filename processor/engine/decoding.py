"""Step 2: the original's pixels, decoded as seldom and as small as the variants allow."""

from collections.abc import Callable, Collection
from typing import Any

import pyvips

from common.formats import ImageFormat
from processor.engine.header import Header
from processor.engine.kept_pixels import KeptPixels, decoded_bytes
from processor.engine.original import Original
from processor.engine.sizing import Size

_KEPT_FOR_THE_RESIZE = 2
"""A decoder's own shrink is hardly better than a plain average; leave at least this factor to the real resize.

With 3 a zone plate's alias falls from 7 % of its strength to nothing, but a 12-megapixel photo takes two thirds longer.
"""
_SHARED_BYTES = 256 * 1024 * 1024
"""Decoded pixels up to this are held for all sizes of a job; more would eat the memory that a task may use."""

_KEPT = KeptPixels()
"""This image process's."""

Decode = Callable[[Size], pyvips.Image]


def decoder(
    original: Original, header: Header, sizes: Collection[Size], *, every_frame: bool, forgiving: bool
) -> Decode:
    """Return what gives the original's pixels for each of *sizes*: one decode for all where memory allows.

    What it returns is at least as large as asked; frames lie below one another. Damaged data raises `pyvips.Error` no
    later than when the pixels are read; *forgiving* lets pass what a JPEG decoder only warns of.
    """
    options: dict[str, Any] = {"fail_on": "warning" if header.format is ImageFormat.JPEG and not forgiving else "error"}
    if every_frame:
        options["n"] = -1

    def decode(size: Size) -> pyvips.Image:
        return original.opened(**options, **_shrink_on_load(header, max(size)))

    largest = max(sizes, key=max)
    opened = decode(largest)
    key = (original.identity, *options.items(), *_shrink_on_load(header, max(largest)).items())
    pixels = _KEPT.of(key, opened, is_read_often=len(sizes) > 1)
    if pixels is opened and len(sizes) > 1 and decoded_bytes(opened) <= _SHARED_BYTES:
        pixels = opened.copy_memory()
    return decode if pixels is opened else lambda _: pixels


def _shrink_on_load(header: Header, longer_side: int) -> dict[str, Any]:
    spare = min(header.longer_side / (longer_side * _KEPT_FOR_THE_RESIZE), header.shorter_side)
    match header.format:
        case ImageFormat.JPEG:
            return {"shrink": next((shrink for shrink in (8, 4, 2) if shrink <= spare), 1)}
        case ImageFormat.WEBP if spare > 1:
            return {"scale": 1 / spare}
        case _:
            return {}
