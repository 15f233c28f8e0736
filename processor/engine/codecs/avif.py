"""AVIF, by libheif and aom; keeps transparency."""

import mmap

import pyvips

from common.options.variant import VariantOptions
from processor.engine.codecs.avif_alpha import encode_alpha, with_alpha
from processor.engine.codecs.avif_grid import encode_in_strips
from processor.engine.codecs.codec import Codec, Loader, Writer
from processor.engine.codecs.containers.avif_items import add_metadata
from processor.engine.codecs.containers.avif_layers import leave_wanted_layers
from processor.engine.codecs.quality import AVIF, on_curve
from processor.engine.colour.avif_boxes import colour_of_avif
from processor.engine.colour.avif_ranges import expand_ranges, name_matrix

_EFFORT = 1
"""2 takes twice the time and gave no fewer bytes at the same score; 0 half of it and 4 % more."""
_EXACT_OPACITY_FROM = 50
"""Below this quality bytes matter more than what shines through."""
_WHOLE_PIXELS, _STRIP_PIXELS = 12_000_000, 8_000_000
"""aom takes some 36 bytes a pixel: what is larger is encoded in strips."""
_METADATA = (b"Exif", b"application/rdf+xml")
"""The item type of EXIF, and the content type of XMP."""
_LARGEST_SIDE = 16384
"""libvips writes no larger ones."""


def encode(image: pyvips.Image, options: VariantOptions) -> bytes:
    """Return *image* as AVIF, its colours at full resolution: fewer bytes at the same score than halved."""
    if image.width * image.height <= _WHOLE_PIXELS:
        return _encode_whole(image, options)
    strips = -(-image.width * image.height // _STRIP_PIXELS)
    return encode_in_strips(image, -(-image.height // strips), lambda strip: _encode_whole(strip, options))


def _encode_whole(image: pyvips.Image, options: VariantOptions) -> bytes:
    quality = on_curve(AVIF, options.quality)
    keep = "icc" if options.keep_metadata else "none"
    if not image.hasalpha():
        return _save(image, quality, keep)
    colours, opacity = _save(image[: image.bands - 1], quality, keep), image[-1].copy(interpretation="b-w")
    is_exact = options.quality >= _EXACT_OPACITY_FROM
    return with_alpha(colours, encode_alpha(opacity, quality, _save) if is_exact else _save(opacity, quality))


def _save(image: pyvips.Image, quality: int, keep: str = "none") -> bytes:
    saved: bytes = image.heifsave_buffer(
        compression="av1", Q=quality, bitdepth=8, effort=_EFFORT, subsample_mode="off", keep=keep
    )
    return saved


def repack(original: bytes) -> bytes | None:
    """Return *original*, or None where it may hold metadata: nobody here takes items out of a file."""
    return None if any(item in original for item in _METADATA) else original


def _prepare(content: bytes | mmap.mmap) -> bytes | mmap.mmap:
    return leave_wanted_layers(name_matrix(content))


def _is_av1(image: pyvips.Image) -> bool:
    return bool(image.get("heif-compression") == "av1")  # the loader's other codecs are HEIC's


CODEC = Codec(
    loader=Loader(
        name="heifload_source",
        operation="VipsForeignLoadHeif",
        accepts=_is_av1,
        domains=frozenset({"heif", "heifload"}),
        colour_of=colour_of_avif,
        prepare=_prepare,
        correct=expand_ranges,
    ),
    writer=Writer(
        encode=encode,
        repack=repack,
        add_metadata=add_metadata,
        keeps_alpha=True,
        largest_side=_LARGEST_SIDE,
        quality_curve=AVIF,
    ),
)
