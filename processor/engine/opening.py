"""Step 2: open the original for decoding, already shrunk where its decoder can do that for less than the whole."""

from pathlib import Path
from typing import Any

import pyvips

from common.formats import ImageFormat
from processor.engine.header import Header

_KEPT_FOR_THE_RESIZE = 2
"""A decoder's own shrink is a plain average, or worse; leave at least this factor to the real resize."""


def open_original(original: Path, header: Header, longer_side: int, *, every_frame: bool) -> pyvips.Image:
    """Return the lazily decoded original, its longer side at least *longer_side*, frames below one another.

    Truncated data raises `pyvips.Error` while the pixels are read, not here.
    """
    options = _shrink_on_load(header, longer_side)
    if every_frame:
        options["n"] = -1
    return pyvips.Image.new_from_file(str(original), access="sequential", fail_on="truncated", **options)


def _shrink_on_load(header: Header, longer_side: int) -> dict[str, Any]:
    spare = header.longer_side / (longer_side * _KEPT_FOR_THE_RESIZE)
    match header.format:
        case ImageFormat.JPEG:
            return {"shrink": next((shrink for shrink in (8, 4, 2) if shrink <= spare), 1)}
        case ImageFormat.WEBP if spare > 1:
            return {"scale": 1 / spare}
        case _:
            return {}
