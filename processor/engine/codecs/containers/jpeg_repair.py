"""Mends what a JPEG decoder warns of although it costs no pixel, so that its next warning can be heard.

libjpeg tells its first warning only. One about the header would hide that pixels are missing further on.
"""

from processor.engine.codecs.containers.jpeg_markers import APP0, APP14, START_OF_SCAN, segments

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
    for marker, _, start, end in segments(jpeg):
        if marker == APP0 and jpeg[start:end].startswith(b"JFIF\0") and end - start > _JFIF_MAJOR:
            mended[start + _JFIF_MAJOR] = 1
        elif marker == APP14 and jpeg[start:end].startswith(b"Adobe") and end - start > _ADOBE_TRANSFORM:
            known = _KNOWN_TRANSFORMS.get(components, ())
            if known and jpeg[start + _ADOBE_TRANSFORM] not in known:
                mended[start + _ADOBE_TRANSFORM] = known[1]
        elif marker == START_OF_SCAN and frame in _SEQUENTIAL and end - start > len(_WHOLE_SCAN):
            mended[end - len(_WHOLE_SCAN) : end] = _WHOLE_SCAN
    return bytes(mended)


def _frame(jpeg: bytes) -> tuple[int, int]:
    """Return the marker of the frame and the number of its components."""
    frames = ((marker, start) for marker, _, start, _ in segments(jpeg) if marker in _START_OF_FRAME)
    marker, start = next(frames, (0, len(jpeg)))
    return marker, jpeg[start + 5] if start + 5 < len(jpeg) else 0
