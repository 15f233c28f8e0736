"""The segments of a JPEG file that carry metadata: taken from one file, put into another."""

from collections.abc import Iterator

import pyvips

from processor.engine.metadata import KEPT

_START_OF_IMAGE = b"\xff\xd8"
_START_OF_SCAN = 0xDA
_APP0, _APP1, _APP2, _APP13 = 0xE0, 0xE1, 0xE2, 0xED
_METADATA = frozenset({_APP1, _APP2, _APP13})
"""Exif and XMP; the colour profile; IPTC."""


def metadata_of(image: pyvips.Image) -> bytes:
    """Return the segments that libvips writes for *image*: they tell its size as it is now and orientation 1."""
    blank = image.crop(0, 0, 1, 1).embed(0, 0, image.width, image.height)
    return b"".join(segment for marker, segment in _segments(_saved(blank)) if marker in _METADATA)


def with_metadata(jpeg: bytes, metadata: bytes) -> bytes:
    """Return *jpeg* with the segments *metadata* where readers expect them: first, or right behind JFIF's."""
    marker, first = next(_segments(jpeg))
    at = len(_START_OF_IMAGE) + (len(first) if marker == _APP0 else 0)
    return jpeg[:at] + metadata + jpeg[at:]


def _saved(image: pyvips.Image) -> bytes:
    saved: bytes = image.jpegsave_buffer(Q=1, keep=KEPT)
    return saved


def _segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each segment before the scan with its marker's second byte."""
    at = len(_START_OF_IMAGE)
    while jpeg[at + 1] != _START_OF_SCAN:
        length = 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        yield jpeg[at + 1], jpeg[at : at + length]
        at += length
