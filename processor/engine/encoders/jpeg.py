"""JPEG: quantised by jpegli, packed by mozjpeg; transparency becomes white."""

import pyjpegli
import pyvips
from mozjpeg_lossless_optimization import COPY_MARKERS, optimize

from common.options import VariantOptions
from processor.engine.jpeg_segments import metadata_of, with_metadata

_FULL_COLOUR_FROM = 96
"""jpegli as wrapped always halves the colours' resolution, which caps what it can reach."""


def encode(image: pyvips.Image, options: VariantOptions) -> bytes:
    """Return *image* as a progressive JPEG."""
    opaque = image.flatten(background=255) if image.hasalpha() else image
    rgb = opaque.colourspace("srgb")
    jpeg = _full_colour(rgb, options.quality) if options.quality >= _FULL_COLOUR_FROM else _jpegli(rgb, options.quality)
    return with_metadata(jpeg, metadata_of(opaque)) if options.keep_metadata else jpeg


def _jpegli(rgb: pyvips.Image, quality: int) -> bytes:
    baseline = pyjpegli.encode(rgb.write_to_memory(), rgb.width, rgb.height, quality=quality)
    # jpegli as wrapped writes baseline only; mozjpeg's progressive scans of the same coefficients take 6 to 10 % off.
    packed: bytes = optimize(baseline, copy=COPY_MARKERS.NONE)
    return packed


def _full_colour(rgb: pyvips.Image, quality: int) -> bytes:
    saved: bytes = rgb.jpegsave_buffer(Q=quality, subsample_mode="off", interlace=True, quant_table=3, keep="none")
    return saved
