"""The segments of a whole JPEG file, found without decoding it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

APP0, APP2, APP14, COMMENT = 0xE0, 0xE2, 0xEE, 0xFE
END_OF_IMAGE, START_OF_SCAN = 0xD9, 0xDA
_APPLICATIONS = range(0xE0, 0xF0)
_STANDALONE = frozenset({0x01, 0xD8, END_OF_IMAGE})
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
"""In a scan's data 0xFF is followed by 0, or by the number of a restart."""


class Segment(NamedTuple):
    """A marker's second byte, and where in the file it begins, its content starts and all of it ends."""

    marker: int
    at: int
    start: int
    end: int


def segments(jpeg: bytes) -> Iterator[Segment]:
    """Yield each segment up to the end of the image, that included; fewer where the file is cut."""
    found = _MARKER.search(jpeg)
    while found is not None:
        marker, at, end = found[1][0], found.end() - 2, found.end()
        if marker == END_OF_IMAGE:
            yield Segment(marker, at, end, end)
            return
        if marker not in _STANDALONE:
            start, end = end + 2, end + int.from_bytes(jpeg[end : end + 2], "big")
            if end > len(jpeg):
                return
            yield Segment(marker, at, start, max(start, end))
        found = _MARKER.search(jpeg, max(found.end(), end))


def strip_metadata(jpeg: bytes) -> bytes | None:
    """Return *jpeg* with only the segments that its pixels need to look right; None where it has no end."""
    kept, at = [], 0
    for segment in segments(jpeg):
        if _is_metadata(segment, jpeg):
            kept.append(jpeg[at : segment.at])
            at = segment.end
        elif segment.marker == END_OF_IMAGE:
            kept.append(jpeg[at : segment.end])
            return b"".join(kept)
    return None


def _is_metadata(segment: Segment, jpeg: bytes) -> bool:
    if segment.marker == COMMENT:
        return True
    if segment.marker not in _APPLICATIONS or segment.marker in {APP0, APP14}:
        return False
    return not (segment.marker == APP2 and jpeg.startswith(b"ICC_PROFILE\0", segment.start))
