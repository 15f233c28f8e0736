"""WebP, by libwebp: lossy, or lossless where that is smaller; keeps transparency and frames."""

from collections.abc import Mapping
from typing import Any

import pyvips

from common.options.variant import VariantOptions
from processor.engine.codecs.codec import Codec, Loader, Writer
from processor.engine.codecs.containers.webp_chunks import add_metadata, announce_alpha, strip_metadata
from processor.engine.codecs.quality import WEBP, on_curve
from processor.engine.codecs.webp_lossless import encode_flat
from processor.engine.frames import count_frames

_LARGEST_SIDE = 16383
"""The format stores sides in 14 bits."""
_OPAQUE = 255
_LARGE_PIXELS = 4_000_000
_HUGE_PIXELS, _EFFORT_FOR_MEMORY = 16_000_000, 0
"""An alpha channel takes some 30 bytes of memory a pixel, a quarter less at this effort; the file is 3 % larger."""
_EFFORT, _EFFORT_WITH_ALPHA, _EFFORT_WHEN_LARGE = 5, 4, 2
"""5 takes 2.5 % off for a sixth of the time more, but triples the time of an alpha channel; 2 halves the time."""


def encode(image: pyvips.Image, options: VariantOptions) -> bytes:
    """Return *image* as lossy WebP, or as lossless where it is flat and that takes fewer bytes."""
    keep = "icc" if options.keep_metadata else "none"
    quality = on_curve(WEBP, options.quality)
    lossy: bytes = image.webpsave_buffer(Q=quality, effort=_effort(image), keep=keep)
    encoded = encode_flat(image, keep, len(lossy)) or lossy
    return announce_alpha(encoded) if _is_animated_and_clear(image) else encoded


def _is_animated_and_clear(image: pyvips.Image) -> bool:
    return count_frames(image) > 1 and image.hasalpha() and image[-1].min() < _OPAQUE


def _effort(image: pyvips.Image) -> int:
    pixels = image.width * image.height
    if image.hasalpha() and pixels > _HUGE_PIXELS:
        return _EFFORT_FOR_MEMORY
    if pixels > _LARGE_PIXELS:
        return _EFFORT_WHEN_LARGE
    return _EFFORT_WITH_ALPHA if image.hasalpha() else _EFFORT


def repack(original: bytes) -> bytes:
    """Return *original* with only the chunks that make up the picture."""
    return strip_metadata(original)


def _shrink_on_load(spare: float) -> Mapping[str, Any]:
    return {"scale": 1 / spare} if spare > 1 else {}


CODEC = Codec(
    loader=Loader(
        name="webpload_source",
        operation="VipsForeignLoadWebp",
        shrink_on_load=_shrink_on_load,
        domains=frozenset({"webp", "webp2vips"}),
        reads_frames=True,
    ),
    writer=Writer(
        encode=encode,
        repack=repack,
        add_metadata=add_metadata,
        keeps_alpha=True,
        largest_side=_LARGEST_SIDE,
        quality_curve=WEBP,
        keeps_frames=True,
    ),
)
