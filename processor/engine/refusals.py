"""What libvips complains of, told to the image's owner where it is the image's fault, and to us where it is ours."""

import re

import pyvips

from common.formats import ImageFormat
from common.image_header import UnsupportedImageError
from processor.engine import EngineError, ImageRefusedError, Refusal
from processor.engine.codecs.registry import CODECS

_OUT_OF_MEMORY = re.compile(
    r"out of memory|(unable|failed) to allocate|cannot allocate|insufficient memory|memory error"
    r"|allocating \d+ bytes failed"  # libheif; "exceeds the security limit" is the image's fault
    r"|bufferpool\(\) failed"  # aom
    r"|webpsave: unable to encode",  # libwebp, which has no other reason for a picture within its bounds
    re.IGNORECASE,
)
_UNSUPPORTED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (r"(\w+) compression support is not configured", r"\1 compression"),
        (r"unsupported jpeg data precision (\d+)", r"\1 bits a sample"),
        (r"unsupported jpeg process: sof type 0xc3", "lossless compression"),
        (r"unsupported jpeg process|sof type", "an unusual compression"),
        (r"bits per sample|whole number of bytes", "an unusual number of bits a sample"),
        (r"unsupported|not supported|not configured|not implemented", "an unusual feature"),
    )
)
_COMPLAINT = re.compile(r"^([\w ]+): (.+)$", re.MULTILINE)
_OF_ANY_FILE = frozenset({"source", "VipsForeignLoad"})
_TOO_SHORT = re.compile(
    r"premature end|unexpected end|outside of file|insufficient input|not enough data|bad seek|read error at|too small",
    re.IGNORECASE,
)


def explain(exc: pyvips.Error, image_format: ImageFormat) -> ImageRefusedError | MemoryError | EngineError:
    """Return the refusal that explains *exc*, raised while an original was read.

    `MemoryError` when it is this process that could not go on, `EngineError` for what no file is to blame for.
    """
    if _OUT_OF_MEMORY.search(str(exc)):
        return MemoryError("the image did not fit into the memory a task may use")
    complaints = _COMPLAINT.findall(exc.detail)
    theirs = CODECS[image_format].loader.domains | _OF_ANY_FILE
    if exc.detail.strip() and (not complaints or complaints[-1][0] not in theirs):  # libpng gives no reason at all
        return EngineError(str(exc).strip())
    for pattern, words in _UNSUPPORTED:
        found = pattern.search(exc.detail)
        if found:
            return unsupported(image_format, found.expand(words))
    what = "the file ends too early" if _TOO_SHORT.search(exc.detail) else "it cannot be decoded"
    return ImageRefusedError(Refusal.IMAGE_DAMAGED, f"The image is damaged or incomplete: {what}.")


def explain_encoding(exc: pyvips.Error) -> MemoryError | EngineError:
    """Return what explains *exc*, raised while a finished picture was encoded: no image is to blame for that."""
    if _OUT_OF_MEMORY.search(str(exc)):
        return MemoryError("the variant did not fit into the memory a task may use")
    return EngineError(str(exc).strip())


def unsupported(image_format: ImageFormat, feature: str) -> ImageRefusedError:
    """Return the refusal of a file of *image_format* that uses *feature*."""
    return ImageRefusedError(Refusal.UNSUPPORTED_FORMAT, str(UnsupportedImageError(image_format, feature)))


def forget_complaints() -> None:
    """Have libvips forget what it complained of so far, such as warnings that nobody asked for."""
    pyvips.vips_lib.vips_error_clear()
