"""The metadata in a PNG's chunks: found, and put in.

EXIF and XMP have places of their own; what ImageMagick invented before, and exiftool reads, is text in hex digits.
"""

import mmap
import re
import struct
import zlib
from collections.abc import Iterator

from processor.engine.metadata import Metadata
from processor.engine.metadata.exif import without_prefix

_SIGNATURE_BYTES = 8
_HEADER_END = _SIGNATURE_BYTES + 25
"""The signature and the one chunk that must come first."""
_FRAME = 12
_XMP = b"XML:com.adobe.xmp"
_RAW = b"Raw profile type "
_HEX_DIGITS_A_LINE = 72
_LARGEST_TEXT_BYTES = 4 * 1024 * 1024
"""A compressed text is read no further: it may be a bomb."""
_PHOTOSHOP = b"Photoshop 3.0\0"


def metadata_of(content: bytes | mmap.mmap) -> Metadata:
    """Return the metadata in the PNG file *content*."""
    found: dict[str, bytes] = {}
    for name, chunk in _chunks(content):
        if name == b"eXIf":
            found["exif"] = chunk
        elif name in {b"iTXt", b"zTXt", b"tEXt"}:
            _read_text(name, chunk, found)
    exif, iptc = found.get("exif", found.get("raw exif")), found.get("iptc")
    return Metadata(
        exif=without_prefix(exif) if exif else None,
        xmp=found.get("xmp", found.get("raw xmp")),
        iptc=None if iptc is None else iptc.removeprefix(_PHOTOSHOP),
    )


def add_metadata(png: bytes, metadata: Metadata) -> bytes:
    """Return *png* with *metadata*."""
    chunks = b""
    if metadata.exif:
        chunks += _chunk(b"eXIf", metadata.exif)
    if metadata.xmp:
        chunks += _chunk(b"iTXt", _XMP + b"\0\0\0\0\0" + metadata.xmp)
    if metadata.iptc:
        text = f"\niptc\n{len(metadata.iptc):8}\n" + re.sub(
            f"(.{{1,{_HEX_DIGITS_A_LINE}}})", "\\1\n", metadata.iptc.hex()
        )
        chunks += _chunk(b"zTXt", _RAW + b"iptc\0\0" + zlib.compress(text.encode()))
    return png[:_HEADER_END] + chunks + png[_HEADER_END:]


def _read_text(name: bytes, chunk: bytes, found: dict[str, bytes]) -> None:
    keyword, _, rest = chunk.partition(b"\0")
    if name == b"iTXt" and keyword == _XMP and len(rest) > 2:  # noqa: PLR2004 - whether, and how, it is compressed
        text = rest[2:].split(b"\0", 2)[-1]
        found["xmp"] = _decompress(text) if rest[0] else text
    elif keyword.startswith(_RAW) and name != b"iTXt":
        _read_raw(keyword.removeprefix(_RAW), _decompress(rest[1:]) if name == b"zTXt" else rest, found)


def _read_raw(kind: bytes, text: bytes, found: dict[str, bytes]) -> None:
    match = re.fullmatch(rb"\s*[\w ]+\s+\d+\s+([0-9a-fA-F\s]+)", text)
    digits = b"".join(match[1].split()) if match else b""
    raw = bytes.fromhex(digits.decode()) if len(digits) % 2 == 0 else b""
    if kind == b"iptc" and raw:
        found["iptc"] = raw
    elif kind in {b"exif", b"APP1"} and raw.startswith(b"Exif\0\0"):
        found["raw exif"] = raw
    elif kind == b"xmp" and raw:
        found["raw xmp"] = raw


def _decompress(compressed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(compressed, _LARGEST_TEXT_BYTES)
    except zlib.error:
        return b""


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _chunks(content: bytes | mmap.mmap) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks that are whole and hold no pixels."""
    at = _SIGNATURE_BYTES
    while at + _FRAME <= len(content):
        length, name = struct.unpack(">I4s", content[at : at + 8])
        if at + _FRAME + length > len(content):
            return
        if name not in {b"IDAT", b"fdAT"}:
            yield name, content[at + 8 : at + 8 + length]
        at += _FRAME + length
