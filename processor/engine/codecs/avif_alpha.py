"""An AVIF's opacity: encoded by itself, as libheif has one quality for all, and put beside the colours.

At the colours' quality, what was clear or opaque beside an edge is off by up to 26.
"""

from collections.abc import Callable

import pyvips

from processor.engine.codecs.containers.avif_boxes import FULL_BOX, box
from processor.engine.codecs.containers.avif_file import PRIMARY, Item, Reference, head_of, items_of, write_file

_LOSSLESS = 100
"""The encoder's setting at which grey, which opacity is encoded as, loses nothing."""
_MOST_LOSS = 2
"""Of what was clear or opaque, in 255 steps."""
_CLEAR, _OPAQUE = 0, 255
_MOSTLY = 0.5
_OPACITY = box(b"auxC", FULL_BOX + b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")
_OF_COLOURS = frozenset({b"colr"})
"""The properties that a picture of opacity has not."""


def encode_alpha(grey: pyvips.Image, quality: int, save: Callable[[pyvips.Image, int], bytes]) -> bytes:
    """Return opacity, as a *grey* picture, as the AVIF that *save* makes: what was clear or opaque stays so.

    At the colours' *quality* where that suffices, as it does for soft opacity, else without loss.
    """
    extremes = ((grey == _CLEAR) | (grey == _OPAQUE)).copy_memory()
    if extremes.avg() < _MOSTLY * _OPAQUE:
        soft = save(grey, quality)
        loss = (pyvips.Image.new_from_buffer(soft, "")[0] - grey).abs()
        if extremes.ifthenelse(loss, 0).max() <= _MOST_LOSS:
            return soft
    return save(grey, _LOSSLESS)


def with_alpha(colours: bytes, alpha: bytes) -> bytes:
    """Return the file *colours* with the grey picture in the file *alpha* as its opacity."""
    [picture], [grey] = items_of(colours), items_of(alpha)
    kept = tuple((essential, one) for essential, one in grey.properties if one[4:8] not in _OF_COLOURS)
    opacity = Item(grey.data, (*kept, (0, _OPACITY)))
    return write_file(head_of(colours), [picture, opacity], [Reference(b"auxl", 2, [PRIMARY])])
