"""A PNG with the same pixels, packed better by oxipng."""

import oxipng

_LEVEL = 2
_RENDERING = [b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"mDCV", b"cLLI"]
"""The chunks without which colours are shown otherwise."""


def repacked(original: bytes, *, keep_metadata: bool) -> bytes | None:
    """Return *original* recompressed, with all its chunks or with only those its colours need.

    None where oxipng cannot read it: libpng forgives more.
    """
    strip = oxipng.StripChunks.none() if keep_metadata else oxipng.StripChunks.keep(_RENDERING)
    try:
        return oxipng.optimize_from_memory(original, level=_LEVEL, strip=strip)
    except oxipng.PngError:
        return None
