"""How an original is read: strictly at first, and again where its decoder warned of what costs no pixel."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyvips

from common.formats import ImageFormat
from processor.engine.codecs.registry import CODECS
from processor.engine.decoding.original import Original


@dataclass(frozen=True, slots=True)
class Attempt:
    """One reading of an original; *is_forgiving* lets pass what a decoder only warns of."""

    original: Original
    is_forgiving: bool = False
    is_last: bool = False


def attempts(original: Original, image_format: ImageFormat) -> Iterator[Attempt]:
    """Yield how to read *original*: as it is, mended of what is harmless, and at last whatever is warned of."""
    warnings = CODECS[image_format].loader.warnings
    if warnings is None:
        yield Attempt(original, is_last=True)
        return
    yield Attempt(original)
    mended = Original(warnings.mend(original.content[:]), (original.identity, "mended"))
    yield Attempt(mended)
    yield Attempt(mended, is_forgiving=True, is_last=True)


def is_damage(exc: pyvips.Error, image_format: ImageFormat) -> bool:
    """Say whether *exc* tells of pixels that are missing or wrong."""
    warnings = CODECS[image_format].loader.warnings
    return warnings is None or warnings.of_damage.search(exc.detail) is not None
