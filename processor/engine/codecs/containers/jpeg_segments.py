"""The segments of a JPEG file that carry metadata and the colour profile."""

from collections.abc import Iterator

import pyvips

from processor.engine.metadata import Metadata

_START_OF_IMAGE = b"\xff\xd8"
_START_OF_SCAN = 0xDA
_APP0, _APP1, _APP2, _APP13 = 0xE0, 0xE1, 0xE2, 0xED
_EXIF, _XMP, _IPTC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"Photoshop 3.0\0"
_LARGEST_SEGMENT = 0xFFFF - 2


def profile_of(image: pyvips.Image) -> bytes:
    """Return the segments with the colour profile of *image*."""
    if not image.get_typeof("icc-profile-data"):
        return b""
    blank: bytes = image.crop(0, 0, 1, 1).jpegsave_buffer(Q=1, keep="icc")
    return b"".join(segment for marker, segment in _segments(blank) if marker == _APP2)


def segments_of(metadata: Metadata) -> bytes:
    """Return *metadata* as segments, without what is too long for one: the standards know no sound way to go on."""
    parts = ((_APP1, _EXIF, metadata.exif), (_APP1, _XMP, metadata.xmp), (_APP13, _IPTC, metadata.iptc))
    return b"".join(
        _segment(marker, start + content)
        for marker, start, content in parts
        if content and len(start) + len(content) <= _LARGEST_SEGMENT
    )


def with_segments(jpeg: bytes, segments: bytes) -> bytes:
    """Return *jpeg* with *segments* where readers expect them: first, or right behind JFIF's."""
    marker, first = next(_segments(jpeg))
    at = len(_START_OF_IMAGE) + (len(first) if marker == _APP0 else 0)
    return jpeg[:at] + segments + jpeg[at:]


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def _segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each segment before the scan with its marker's second byte."""
    at = len(_START_OF_IMAGE)
    while jpeg[at + 1] != _START_OF_SCAN:
        length = 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        yield jpeg[at + 1], jpeg[at : at + length]
        at += length
