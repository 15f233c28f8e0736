"""Opens an image by libvips, which reads its header at once and its pixels when they are asked for."""

import mmap
from typing import Any

import pyvips

from processor.engine.colour.lab import as_rgb

_SEQUENCE, _STILL = b"ftypavis", b"ftypavif"
"""How an AVIF begins that says first that it is a sequence, and how one that says first that it is a still picture."""
_BRAND = slice(4, 12)


def open_image(content: bytes | mmap.mmap, **options: Any) -> pyvips.Image:
    """Return the picture in *content*, to be decoded from top to bottom; raise `pyvips.Error`."""
    source = pyvips.Source.new_from_memory(as_rgb(_with_known_brand(content)))
    return pyvips.Image.new_from_source(source, "", access="sequential", **options)


def _with_known_brand(content: bytes | mmap.mmap) -> bytes | mmap.mmap:
    """Return *content* as libvips recognises it: it does not know an animated AVIF, whose first picture is a still."""
    if content[_BRAND] != _SEQUENCE:
        return content
    return b"".join((content[: _BRAND.start], _STILL, content[_BRAND.stop :]))
