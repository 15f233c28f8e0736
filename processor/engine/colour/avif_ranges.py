"""Makes up for what libheif takes for another range of numbers than it is."""

import mmap

import pyvips

from processor.engine.colour.avif_boxes import AvifColours, colours_of_avif

_NCLX = b"colrnclx"
_MATRIX_AT = len(_NCLX) + 4
_UNSPECIFIED, _BT601 = b"\0\2", b"\0\6"
_HEADER_BYTES = 64 * 1024
_BLACK, _WHITE = 16, 235
"""Of the range of studios, in 8 bits."""


def name_matrix(content: bytes | mmap.mmap) -> bytes | mmap.mmap:
    """Return *content* with the matrix named that decoders assume: where none is, libheif does not heed the range."""
    head = content[:_HEADER_BYTES]
    at = head.find(_NCLX)
    if at < 0 or head[at + _MATRIX_AT : at + _MATRIX_AT + 2] != _UNSPECIFIED:
        return content
    return head[: at + _MATRIX_AT] + _BT601 + content[at + _MATRIX_AT + 2 :]


def expand_ranges(image: pyvips.Image, content: bytes | mmap.mmap) -> pyvips.Image:
    """Return *image*, as libheif decodes *content*, with grey and transparency at their full range."""
    colours = colours_of_avif(content)
    if not (colours.is_grey_limited or (colours.is_alpha_limited and image.hasalpha())):
        return image
    bands = [
        _expand(band) if _is_limited(place, image, colours) else band for place, band in enumerate(image.bandsplit())
    ]
    return bands[0].bandjoin(bands[1:]) if len(bands) > 1 else bands[0]


def _is_limited(place: int, image: pyvips.Image, colours: AvifColours) -> bool:
    is_alpha = image.hasalpha() and place == image.bands - 1
    return colours.is_alpha_limited if is_alpha else colours.is_grey_limited


def _expand(band: pyvips.Image) -> pyvips.Image:
    unit = 1 if band.format == "uchar" else 256
    peak = 255 if band.format == "uchar" else 65535
    scale = peak / ((_WHITE - _BLACK) * unit)
    return (band.linear(scale, -_BLACK * unit * scale).rint()).cast(band.format)
