"""Opens pictures: what libvips reads is bytes in memory."""

import mmap
from typing import Any

import pyvips


def open_image(content: bytes | mmap.mmap, **options: Any) -> pyvips.Image:
    """Return the picture in *content*, to be decoded from top to bottom; raise `pyvips.Error`."""
    source = pyvips.Source.new_from_memory(content)
    return pyvips.Image.new_from_source(source, "", access="sequential", **options)
