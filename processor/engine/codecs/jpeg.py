"""JPEG, by jpegli, and above its reach by mozjpeg; transparency becomes white."""

import re
from collections.abc import Mapping
from typing import Any

import pyjpegli
import pyvips
from mozjpeg_lossless_optimization import COPY_MARKERS, optimize

from common.options.variant import VariantOptions
from processor.engine.codecs.codec import Codec, Loader, Warnings, Writer
from processor.engine.codecs.containers.jpeg_markers import strip_metadata
from processor.engine.codecs.containers.jpeg_repair import mend
from processor.engine.codecs.containers.jpeg_segments import profile_of, segments_of, with_segments
from processor.engine.metadata import Metadata
from processor.engine.steps.flatten import flatten

_FULL_COLOUR_FROM = 96
"""jpegli as wrapped always halves the colours' resolution, which caps what it can reach."""
_DAMAGE = re.compile(
    r"premature end|bad (?:huffman|arithmetic) code|found marker \w+ instead of|inconsistent progression", re.IGNORECASE
)
"""libjpeg's warnings of pixels that are missing or wrong."""
_LARGEST_SIDE = 65500
"""Of libjpeg; the format itself ends at 65535."""


def encode(image: pyvips.Image, options: VariantOptions) -> bytes:
    """Return *image* as JPEG.

    Progressive scans would take 6 % off and cost five times the encoder's time: more than all bytes won elsewhere.
    """
    opaque = flatten(image)
    rgb = opaque if (opaque.interpretation, opaque.bands) == ("srgb", 3) else opaque.colourspace("srgb")
    if options.quality >= _FULL_COLOUR_FROM:
        jpeg = _full_colour(rgb, options.quality)
    else:
        jpeg = pyjpegli.encode(rgb.write_to_memory(), rgb.width, rgb.height, quality=options.quality)
    return with_segments(jpeg, profile_of(rgb)) if options.keep_metadata else jpeg


def _full_colour(rgb: pyvips.Image, quality: int) -> bytes:
    saved: bytes = rgb.jpegsave_buffer(Q=quality, subsample_mode="off", interlace=True, quant_table=3, keep="none")
    return saved


def add_metadata(jpeg: bytes, metadata: Metadata) -> bytes:
    """Return *jpeg* with *metadata*."""
    return with_segments(jpeg, segments_of(metadata))


def repack(original: bytes) -> bytes | None:
    """Return *original* with only the segments that its pixels need.

    Not by mozjpeg, which packs better: it ends the process that meets a coefficient out of range, or worse.
    """
    return strip_metadata(original)


def squeeze(jpeg: bytes) -> bytes:
    """Return *jpeg*, which we have encoded ourselves, with the same coefficients in progressive scans, by mozjpeg."""
    squeezed: bytes = optimize(jpeg, copy=COPY_MARKERS.ALL)
    return squeezed


def _shrink_on_load(spare: float) -> Mapping[str, Any]:
    return {"shrink": next((shrink for shrink in (8, 4, 2) if shrink <= spare), 1)}


CODEC = Codec(
    loader=Loader(
        name="jpegload_source",
        operation="VipsForeignLoadJpeg",
        shrink_on_load=_shrink_on_load,
        domains=frozenset({"VipsJpeg"}),
        warnings=Warnings(of_damage=_DAMAGE, mend=mend),
    ),
    writer=Writer(
        encode=encode,
        repack=repack,
        squeeze=squeeze,
        add_metadata=add_metadata,
        keeps_alpha=False,
        largest_side=_LARGEST_SIDE,
        keeps_iptc=True,
    ),
)
