"""A PNG with the same pixels, packed better by oxipng."""

import oxipng

_LEVEL = 2
_RENDERING = [b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"mDCV", b"cLLI"]
"""The chunks without which colours are shown otherwise."""


def repacked(original: bytes, *, keep_metadata: bool) -> bytes:
    """Return *original* recompressed, with all its chunks or with only those its colours need."""
    strip = oxipng.StripChunks.none() if keep_metadata else oxipng.StripChunks.keep(_RENDERING)
    return oxipng.optimize_from_memory(original, level=_LEVEL, strip=strip)
