"""The chunks of a WebP file: its picture's, and those that carry metadata."""

import struct
from collections.abc import Iterator

_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_EXTENDED_HEADER = b"VP8X"
_ANNOUNCES_METADATA = 0x08 | 0x04
"""The extended header's bits for EXIF and XMP."""
_CHUNK_HEADER = struct.Struct("<4sI")
_FIRST_CHUNK = 12


def strip_metadata(webp: bytes) -> bytes:
    """Return *webp* with only the chunks that make up the picture."""
    body = b"WEBP" + b"".join(_without_metadata(name, chunk) for name, chunk in _chunks(webp))
    return _CHUNK_HEADER.pack(b"RIFF", len(body)) + body


def _without_metadata(name: bytes, chunk: bytes) -> bytes:
    if name in _PIXELS:
        return chunk
    if name != _EXTENDED_HEADER:
        return b""
    at = _CHUNK_HEADER.size
    return chunk[:at] + bytes([chunk[at] & ~_ANNOUNCES_METADATA]) + chunk[at + 1 :]


def _chunks(webp: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each chunk with its name, up to the end that the file's header states."""
    _, size = _CHUNK_HEADER.unpack_from(webp)
    end_of_file = min(len(webp), _CHUNK_HEADER.size + size)
    at = _FIRST_CHUNK
    while at + _CHUNK_HEADER.size <= end_of_file:
        name, size = _CHUNK_HEADER.unpack_from(webp, at)
        end = at + _CHUNK_HEADER.size + size + size % 2
        yield name, webp[at:end]
        at = end
