"""Mends what a JPEG decoder warns of although it costs no pixel, so that its next warning can be heard.

libjpeg tells its first warning only. One about the header would hide that pixels are missing further on.
"""

import re
from collections.abc import Iterator

_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
"""In a scan's data 0xFF is followed by 0, or by the number of a restart."""
_STANDALONE = frozenset({0x01, 0xD8, 0xD9})
_APP0, _APP14, _START_OF_SCAN = 0xE0, 0xEE, 0xDA
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL = frozenset({0xC0, 0xC1, 0xC9})
_WHOLE_SCAN = bytes((0, 63, 0))
"""First and last coefficient and no approximation: the only ones of a sequential scan."""
_JFIF_MAJOR, _ADOBE_TRANSFORM = 5, 11
_KNOWN_TRANSFORMS = {3: (0, 1), 4: (0, 2)}
"""By the number of components, Adobe's codes for how they were transformed; decoders take others for the second."""


def mend(jpeg: bytes) -> bytes:
    """Return *jpeg* with what decoders assume in place of what they warn of."""
    mended = bytearray(jpeg)
    frame, components = _frame(jpeg)
    for marker, start, end in _segments(jpeg):
        if marker == _APP0 and jpeg[start:end].startswith(b"JFIF\0") and end - start > _JFIF_MAJOR:
            mended[start + _JFIF_MAJOR] = 1
        elif marker == _APP14 and jpeg[start:end].startswith(b"Adobe") and end - start > _ADOBE_TRANSFORM:
            known = _KNOWN_TRANSFORMS.get(components, ())
            if known and jpeg[start + _ADOBE_TRANSFORM] not in known:
                mended[start + _ADOBE_TRANSFORM] = known[1]
        elif marker == _START_OF_SCAN and frame in _SEQUENTIAL and end - start > len(_WHOLE_SCAN):
            mended[end - len(_WHOLE_SCAN) : end] = _WHOLE_SCAN
    return bytes(mended)


def _frame(jpeg: bytes) -> tuple[int, int]:
    """Return the marker of the frame and the number of its components."""
    frames = ((marker, start) for marker, start, _ in _segments(jpeg) if marker in _START_OF_FRAME)
    marker, start = next(frames, (0, len(jpeg)))
    return marker, jpeg[start + 5] if start + 5 < len(jpeg) else 0


def _segments(jpeg: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield each segment's marker, and where its content starts and ends."""
    found = _MARKER.search(jpeg)
    while found is not None:
        marker, at = found[1][0], found.end()
        if marker not in _STANDALONE:
            end = at + int.from_bytes(jpeg[at : at + 2], "big")
            if end > len(jpeg):
                return
            yield marker, at + 2, end
            at = max(end, at + 2)
        found = _MARKER.search(jpeg, at)
