"""Step 2: the original's pixels, decoded as seldom and as small as the variants allow."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pyvips

from common.formats import ImageFormat
from processor.engine.header import Header
from processor.engine.sizing import Size

_KEPT_FOR_THE_RESIZE = 2
"""A decoder's own shrink is hardly better than a plain average; leave at least this factor to the real resize.

With 3 a zone plate's alias falls from 7 % of its strength to nothing, but a 12-megapixel photo takes two thirds longer.
"""
_SHARED_BYTES = 256 * 1024 * 1024
"""Decoded pixels up to this are held for all sizes of a job; more would eat the memory that a task may use."""

Decode = Callable[[Size], pyvips.Image]


def decoder(original: Path, header: Header, sizes: Collection[Size], *, every_frame: bool, forgiving: bool) -> Decode:
    """Return what gives the original's pixels for each of *sizes*: one decode for all where memory allows.

    What it returns is at least as large as asked; frames lie below one another. Damaged data raises `pyvips.Error` no
    later than when the pixels are read; *forgiving* lets pass what a JPEG decoder only warns of.
    """

    def decode(size: Size) -> pyvips.Image:
        options = _shrink_on_load(header, max(size)) | ({"n": -1} if every_frame else {})
        fail_on = "warning" if header.format is ImageFormat.JPEG and not forgiving else "error"
        return pyvips.Image.new_from_file(str(original), access="sequential", fail_on=fail_on, **options)

    largest = decode(max(sizes, key=max))
    if len(sizes) > 1 and _decoded_bytes(largest) <= _SHARED_BYTES:
        shared = largest.copy_memory()
        return lambda _: shared
    return decode


def _shrink_on_load(header: Header, longer_side: int) -> dict[str, Any]:
    spare = min(header.longer_side / (longer_side * _KEPT_FOR_THE_RESIZE), header.shorter_side)
    match header.format:
        case ImageFormat.JPEG:
            return {"shrink": next((shrink for shrink in (8, 4, 2) if shrink <= spare), 1)}
        case ImageFormat.WEBP if spare > 1:
            return {"scale": 1 / spare}
        case _:
            return {}


def _decoded_bytes(image: pyvips.Image) -> int:
    bytes_a_sample = 2 if image.format == "ushort" else 1
    return int(image.width * image.height * image.bands * bytes_a_sample)
