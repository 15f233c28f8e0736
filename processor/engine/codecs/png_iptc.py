"""IPTC in a PNG file: in the text chunk that ImageMagick invented and exiftool reads."""

import re
import struct
import zlib

PNG_IPTC_KEYWORD = "Raw profile type iptc"
_PHOTOSHOP = b"Photoshop 3.0\0"
"""How IPTC starts in a JPEG segment, which is how libvips holds it; a PNG leaves this away."""
_HEADER_END = 8 + 25
"""The signature and the one chunk that must come first."""
_HEX_DIGITS_A_LINE = 72


def add_iptc(png: bytes, iptc: bytes) -> bytes:
    """Return *png* with *iptc*, as libvips holds it, in a compressed text chunk."""
    raw = iptc.removeprefix(_PHOTOSHOP)
    text = f"\niptc\n{len(raw):8}\n" + re.sub(f"(.{{1,{_HEX_DIGITS_A_LINE}}})", "\\1\n", raw.hex())
    content = b"zTXt" + PNG_IPTC_KEYWORD.encode() + b"\0\0" + zlib.compress(text.encode())
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return png[:_HEADER_END] + chunk + png[_HEADER_END:]


def iptc_from_png_text(text: str) -> bytes:
    """Return the IPTC in *text*, as libvips holds it; nothing where *text* is not what it should be."""
    match = re.fullmatch(r"\s*\w+\s+\d+\s+([0-9a-fA-F\s]+)", text)
    raw = bytes.fromhex(match[1]) if match and len("".join(match[1].split())) % 2 == 0 else b""
    return _PHOTOSHOP + raw.removeprefix(_PHOTOSHOP)
