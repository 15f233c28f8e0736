"""Makes no file larger that changes neither format nor size."""

from collections.abc import Iterator

import pyvips

from common.options.variant import VariantOptions
from processor.engine.codecs.registry import writer_of
from processor.engine.decoding.header import Header
from processor.engine.decoding.original import Original
from processor.engine.metadata.kept_metadata import KeptMetadata

_QUALITY_STEP = 10
_LOSSLESS = 100


def keep_from_growing(  # noqa: PLR0913, PLR0917 - the recipe's, as they are
    attempt: bytes,
    picture: pyvips.Image,
    original: Original,
    header: Header,
    options: VariantOptions,
    metadata: KeptMetadata,
) -> bytes:
    """Return *attempt*, or what is no larger than *original*: its own pixels repacked, else a lower quality.

    Only where neither is possible, as for a few pixels whose file cannot be smaller, the smallest that was found.
    """
    smallest = attempt
    candidates = _alternatives(picture, original, header, options, metadata)
    while len(smallest) > header.byte_size:
        candidate = next(candidates, None)
        if candidate is None:
            break
        smallest = min(smallest, candidate, key=len)
    return smallest


def _alternatives(
    picture: pyvips.Image, original: Original, header: Header, options: VariantOptions, metadata: KeptMetadata
) -> Iterator[bytes]:
    """Yield the original's pixels, then ever lower qualities, each packed as its format can be without loss."""
    writer = writer_of(header.format)
    if header.pixels_are_final:
        kept = writer.repack(original.content[:])
        if kept is not None:
            yield metadata.put_into(kept, is_srgb=False)
    if options.quality < _LOSSLESS:
        for quality in (*range(options.quality, 1, -_QUALITY_STEP), 1):
            attempt = writer.encode(picture, options.model_copy(update={"quality": quality}))
            yield metadata.put_into(writer.squeeze(attempt))
