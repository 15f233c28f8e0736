"""Step 8: never make a file larger that changes neither format nor size."""

from collections.abc import Callable, Iterator

import pyvips

from common.formats import ImageFormat
from common.options import VariantOptions
from processor.engine.encoding import encoded
from processor.engine.header import Header
from processor.engine.original import Original
from processor.engine.untouched import avif, jpeg, png, webp

_REPACKERS: dict[ImageFormat, Callable[..., bytes | None]] = {
    ImageFormat.JPEG: jpeg.repacked,
    ImageFormat.PNG: png.repacked,
    ImageFormat.WEBP: webp.repacked,
    ImageFormat.AVIF: avif.repacked,
}
_QUALITY_STEP = 10
_LOSSLESS = 100


def no_larger(
    attempt: bytes, image: pyvips.Image, original: Original, header: Header, options: VariantOptions
) -> bytes:
    """Return *attempt*, or what is no larger than *original*: its own pixels repacked, else a lower quality.

    Only where neither is possible, as for a few pixels whose file cannot be smaller, the smallest that was found.
    """
    smallest = attempt
    candidates = _alternatives(image, original, header, options)
    while len(smallest) > header.byte_size:
        candidate = next(candidates, None)
        if candidate is None:
            break
        smallest = min(smallest, candidate, key=len)
    return smallest


def _alternatives(image: pyvips.Image, original: Original, header: Header, options: VariantOptions) -> Iterator[bytes]:
    """Yield the original's pixels, then ever lower qualities, each packed as its format can be without loss."""
    repacked = _REPACKERS[header.format]
    if header.pixels_are_final:
        kept = repacked(original.content[:], keep_metadata=options.keep_metadata)
        if kept is not None:
            yield kept
    if options.quality < _LOSSLESS:
        for quality in (*range(options.quality, 1, -_QUALITY_STEP), 1):
            attempt = encoded(image, header.format, options.model_copy(update={"quality": quality}))
            yield repacked(attempt, keep_metadata=True) or attempt
