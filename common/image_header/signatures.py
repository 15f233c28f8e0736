"""Which of the formats that Icecube reads a file is, by its first bytes."""

import re

from common.formats import ImageFormat

HEAD_BYTES = 4096
"""How much of a file is looked at: enough for the comments that may precede an SVG's root."""

SIGNATURES: tuple[tuple[ImageFormat, bytes], ...] = (
    (ImageFormat.JPEG, rb"\xff\xd8\xff"),
    (ImageFormat.PNG, rb"\x89PNG\r\n\x1a\n"),
    (ImageFormat.WEBP, rb"RIFF....WEBP"),
    (ImageFormat.AVIF, rb"....ftypavi[fs]"),
    # A general brand: the compatible ones, after the minor version, tell the codec.
    (ImageFormat.AVIF, rb"....ftyp(?:mif1|msf1|miaf).{4}(?:.{4}){0,15}?avi[fs]"),
    (ImageFormat.GIF, rb"GIF8[79]a"),
    (ImageFormat.TIFF, rb"II[*+]\0|MM\0[*]"),
)


def known_format(head: bytes) -> ImageFormat | None:
    """Return the format of a file that begins with *head*, its first `HEAD_BYTES`; None when we do not read it."""
    return next((known for known, pattern in SIGNATURES if re.match(pattern, head, re.DOTALL)), None)
