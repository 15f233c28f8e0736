"""The chunks of a WebP file: its picture's, and those that carry metadata. RFC 9649."""

import struct
from collections.abc import Iterator

from processor.engine.metadata import Metadata

_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_EXTENDED_HEADER = b"VP8X"
_HAS_EXIF, _HAS_XMP, _HAS_ALPHA = 0x08, 0x04, 0x10
_CHUNK_HEADER = struct.Struct("<4sI")
_FIRST_CHUNK = 12
_ALPHA_OF_VP8L = 1 << 28


def strip_metadata(webp: bytes) -> bytes:
    """Return *webp* with only the chunks that make up the picture."""
    return _file(_announcing(name, chunk, 0) for name, chunk in _chunks(webp) if name in {*_PIXELS, _EXTENDED_HEADER})


def add_metadata(webp: bytes, metadata: Metadata) -> bytes:
    """Return *webp*, a file without metadata, with *metadata*; IPTC has no place in it."""
    parts = ((b"EXIF", metadata.exif, _HAS_EXIF), (b"XMP ", metadata.xmp, _HAS_XMP))
    added = [(name, content, bit) for name, content, bit in parts if content]
    if not added:
        return webp
    announced = sum(bit for _, _, bit in added)
    chunks = list(_chunks(webp))
    if chunks[0][0] != _EXTENDED_HEADER:
        chunks.insert(0, (_EXTENDED_HEADER, _extended_header(*chunks[0])))
    return _file(
        [
            *(_announcing(name, chunk, announced) for name, chunk in chunks),
            *(_chunk(name, content) for name, content, _ in added),
        ]
    )


def announce_alpha(webp: bytes) -> bytes:
    """Return the animation *webp* with its header saying that it can be seen through.

    libwebp says so only where a frame's own pixels can, not where a disposal leaves a hole. It makes a still picture of
    equal frames, which says so itself.
    """
    if not webp.startswith(_EXTENDED_HEADER, _FIRST_CHUNK):
        return webp
    flags_at = _FIRST_CHUNK + _CHUNK_HEADER.size
    return webp[:flags_at] + bytes([webp[flags_at] | _HAS_ALPHA]) + webp[flags_at + 1 :]


def _extended_header(name: bytes, chunk: bytes) -> bytes:
    """Return the header that a file needs for more than a still picture, made from its picture's chunk."""
    content = chunk[_CHUNK_HEADER.size :]
    if name == b"VP8L":
        bits = int.from_bytes(content[1:5], "little")
        width, height, flags = bits & 0x3FFF, bits >> 14 & 0x3FFF, _HAS_ALPHA if bits & _ALPHA_OF_VP8L else 0
    else:
        stored = struct.unpack("<HH", content[6:10])
        width, height, flags = (stored[0] & 0x3FFF) - 1, (stored[1] & 0x3FFF) - 1, 0
    return _chunk(
        _EXTENDED_HEADER, struct.pack("<I", flags) + width.to_bytes(3, "little") + height.to_bytes(3, "little")
    )


def _announcing(name: bytes, chunk: bytes, announced: int) -> bytes:
    """Return *chunk*; the extended header says which metadata there is."""
    if name != _EXTENDED_HEADER:
        return chunk
    at = _CHUNK_HEADER.size
    return chunk[:at] + bytes([chunk[at] & ~(_HAS_EXIF | _HAS_XMP) | announced]) + chunk[at + 1 :]


def _chunk(name: bytes, content: bytes) -> bytes:
    return _CHUNK_HEADER.pack(name, len(content)) + content + b"\0" * (len(content) % 2)


def _file(chunks: Iterator[bytes] | list[bytes]) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return _CHUNK_HEADER.pack(b"RIFF", len(body)) + body


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
