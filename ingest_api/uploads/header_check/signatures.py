"""Recognises formats by their first bytes, and refuses others by name."""

import re
from codecs import getincrementaldecoder

from common.formats import ImageFormat
from common.image_header.registry import known_format
from ingest_api.uploads.header_check import NotAnImageError, UnsupportedFormatError, UploadRefusedError

_REFUSED: tuple[tuple[type[UploadRefusedError], bytes, str], ...] = (
    (NotAnImageError, rb"\s*%PDF-", "a PDF document"),
    (NotAnImageError, rb"(?i:\s*<(?:!doctype html|html|head|body|script)[\s>])", "a web page (HTML)"),
    (NotAnImageError, rb"PK(?:\x03\x04|\x05\x06)", "a ZIP archive or an office document"),
    (NotAnImageError, rb"\x1f\x8b|BZh[1-9]|\xfd7zXZ\0|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd", "a compressed file"),
    (NotAnImageError, rb"\xd0\xcf\x11\xe0", "an office document"),
    (NotAnImageError, rb"\x1a\x45\xdf\xa3|RIFF....AVI |\0\0\x01[\xb3\xba]", "a video"),
    (NotAnImageError, rb"ID3|\xff[\xe2-\xfb]|OggS|fLaC|RIFF....WAVE", "a sound recording"),
    (NotAnImageError, rb"\x7fELF|MZ.\0|\xca\xfe\xba\xbe|[\xce\xcf]\xfa\xed\xfe", "a program"),
    (UnsupportedFormatError, rb"\s*<(?:svg[\s>]|.*<svg[\s>])", "an SVG drawing"),
    (NotAnImageError, rb"\s*<\?xml", "an XML document"),
    (UnsupportedFormatError, rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", "a BMP image"),
    (UnsupportedFormatError, rb"8BPS\0", "a Photoshop document (PSD)"),
    (UnsupportedFormatError, rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL image"),
    (UnsupportedFormatError, rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (UnsupportedFormatError, rb"\0\0[\x01\x02]\0[^\0]\0", "an icon (ICO)"),
    (UnsupportedFormatError, rb"II[*]\0.{4}CR|....ftypcrx |FUJIFILMCCD-RAW", "a camera's raw image"),
    # HEIC's codec cannot be distributed freely, so the engine's wheel does not decode it.
    (UnsupportedFormatError, rb"....ftyp(?:hei[cxms]|hev[cxms])", "a HEIC image"),
    (UnsupportedFormatError, rb"....ftyp(?:mif1|msf1|miaf).{4}(?:.{4}){0,15}?hei[cxms]", "a HEIC image"),
    (UnsupportedFormatError, rb"MM\0[+]", "a big-endian BigTIFF image"),
    (UnsupportedFormatError, rb"qoif", "a QOI image"),
    (UnsupportedFormatError, rb"#\?RADIANCE|v/1\x01", "a high dynamic range image (HDR, EXR)"),
    (UnsupportedFormatError, rb"DDS \x7c", "a texture (DDS)"),
    (UnsupportedFormatError, rb"gimp xcf", "a GIMP document (XCF)"),
    (UnsupportedFormatError, rb"P[1-7]\s", "a Netpbm image (PBM, PGM, PPM)"),
    (UnsupportedFormatError, rb"%!PS|\xc5\xd0\xd3\xc6", "a PostScript drawing"),
    (UnsupportedFormatError, rb"push graphic-context|viewbox\s", "an MVG drawing"),
    (UnsupportedFormatError, rb"\xd7\xcd\xc6\x9a|\x01\0\0\0.{36} EMF", "a Windows metafile (WMF, EMF)"),
)

TAKEN = ", ".join(known.label for known in ImageFormat)
"""The accepted formats, as a list in a sentence."""


def format_of(head: bytes) -> ImageFormat:
    """Return the format of a file that begins with *head*, its first `HEAD_BYTES`.

    Raises `UnsupportedFormatError` for other images and `NotAnImageError` for the rest, with its name if known.
    """
    for error, pattern, name in _REFUSED:
        if re.match(pattern, head.removeprefix(b"\xef\xbb\xbf"), re.DOTALL):
            message = f"This is {name}; the formats taken are {TAKEN}."
            raise error(message)
    known = known_format(head)
    if known is not None:
        return known
    message = f"This is {_unknown(head)}; the formats taken are {TAKEN}."
    raise NotAnImageError(message)


def _unknown(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return "a video or an unknown kind of HEIF image"
    return "text" if _is_text(head) else "no image that we know"


def _is_text(head: bytes) -> bool:
    try:
        text = getincrementaldecoder("utf-8")().decode(head)  # it tolerates a character cut at the end
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)
