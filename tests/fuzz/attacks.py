"""Files as they are made to bring image services down."""

import struct
import zlib
from collections.abc import Iterator

from tests.fuzz.seeds import seeds

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}">{body}</svg>'

_EXIF_IN_CIRCLES = b"Exif\0\0MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08"


def attacks() -> dict[str, bytes]:
    """Return each attack by a name."""
    sound = seeds()
    jpeg, png, webp, gif = sound["jpeg"], sound["png"], sound["webp"], sound["gif animated"]
    return {
        "png bomb": _png(16000, 6000, b"\0" * (16000 * 3 + 1) * 6000),
        "png that lies about its size": _png(60000, 60000, b"\0" * 1000),
        "png of one bit a pixel": _png(16384, 6000, b"\0" * 2049 * 6000, depth=1, colour=0),
        "png with a text bomb": _with_chunk(png, b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9)),
        "png with a profile bomb": _with_chunk(png, b"iCCP", b"icc\0\0" + zlib.compress(bytes(100_000_000), 9)),
        "png with a profile in a profile": _with_chunk(png, b"iCCP", b"icc\0\0" + zlib.compress(png)),
        "png with ten thousand chunks": _with_chunk(png, b"tEXt", b"Comment\0x", times=10_000),
        "png with a huge exif": _with_chunk(png, b"eXIf", b"MM\0*\0\0\0\x08\xff\xff" + bytes(5_000_000)),
        "jpeg that lies about its size": _resized_jpeg(jpeg, 65500, 65500),
        "jpeg just within the limits": _resized_jpeg(jpeg, 9990, 9990),
        "jpeg of no height": _resized_jpeg(jpeg, 200, 0),
        "jpeg of many scans": _many_scans(sound["jpeg progressive"]),
        "jpeg with exif that points at itself": _with_app1(
            jpeg, b"Exif\0\0MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08"
        ),
        "jpeg full of exif": jpeg[:2] + _app1(b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(65000)) * 400 + jpeg[2:],
        "jpeg full of profiles": jpeg[:2] + _profiles() + jpeg[2:],
        "jpeg that is html": _with_app1(jpeg, b"<html><script>alert(1)</script></html>"),
        "jpeg that is a zip": jpeg + b"PK\x03\x04" + bytes(100) + b"PK\x05\x06" + bytes(18),
        "jpeg that is php": jpeg + b"<?php system($_GET['c']); ?>",
        "webp that lies about its size": webp[:4] + b"\xff\xff\xff\xff" + webp[8:],
        "gif of too many frames": gif[:-1] + gif[_first_frame(gif) : -1] * 400 + b";",
        "gif that lies about its size": gif[:6] + struct.pack("<HH", 65535, 65535) + gif[10:],
        "svg": _SVG.format(side=400, body="<rect width='9' height='9'/>").encode(),
        "svg bomb": _SVG.format(side=30000, body="<rect width='30000' height='30000'/>").encode(),
        "svg that reads a file": _SVG.format(side=9, body="<image href='file:///etc/passwd'/>").encode(),
        "svg of entities": b'<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
        + _SVG.format(side=9, body="<text>&b;</text>").encode(),
        "mvg": b"push graphic-context\nviewbox 0 0 9 9\nfill 'url(https://127.0.0.1/x|ls \"-la)'\npop graphic-context",
        "msl": b'<?xml version="1.0"?><image><read filename="/etc/passwd"/></image>',
        "postscript": b"%!PS\n(/etc/passwd) (r) file\n",
        "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
        "hdr": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 99999 +X 99999\n",
        "csv": b"1,2,3\n" * 1000,
        "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200),
        "tiff of pages that go in circles": b"II*\0\x08\0\0\0\0\0\x08\0\0\0",
        "empty": b"",
        "one byte": b"\xff",
    }


def _png(width: int, height: int, rows: bytes, *, depth: int = 8, colour: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _with_chunk(png: bytes, name: bytes, content: bytes, *, times: int = 1) -> bytes:
    return png[:33] + _chunk(name, content) * times + png[33:]


def _app1(content: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def _with_app1(jpeg: bytes, content: bytes) -> bytes:
    return jpeg[:2] + _app1(content) + jpeg[2:]


def _profiles() -> bytes:
    parts = (b"ICC_PROFILE\0" + bytes([number, 255]) + bytes(65000) for number in range(1, 256))
    return b"".join(b"\xff\xe2" + struct.pack(">H", len(part) + 2) + part for part in parts)


def _resized_jpeg(jpeg: bytes, width: int, height: int) -> bytes:
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]


def _many_scans(progressive: bytes) -> bytes:
    """Return *progressive*, enlarged in its header, with its last scan five hundred times."""
    at = progressive.index(b"\xff\xc2") + 5
    large = progressive[:at] + struct.pack(">HH", 8000, 8000) + progressive[at + 4 :]
    *_, last = _scans(large)
    return large[:-2] + large[last:-2] * 500 + large[-2:]


def _scans(jpeg: bytes) -> Iterator[int]:
    at = jpeg.find(b"\xff\xda")
    while at >= 0:
        yield at
        at = jpeg.find(b"\xff\xda", at + 1)


def _first_frame(gif: bytes) -> int:
    """Return where the first frame's control block begins."""
    return gif.index(b"\x21\xf9\x04")
