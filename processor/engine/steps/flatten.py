"""Puts on white what can be seen through, for formats that know no transparency."""

import pyvips

from processor.engine.picture import PictureSpec
from processor.engine.steps.convert_to_srgb import needs_conversion

_WHITE = 255


def flatten(image: pyvips.Image) -> pyvips.Image:
    """Return *image*, of 8 bits, on white where it can be seen through."""
    return image.flatten(background=_WHITE) if image.hasalpha() else image


def flatten_early(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:
    """Return *image* on white where nobody wants its transparency and its numbers already are sRGB's, else as it is.

    Before the resize that comes to the same as after it, and a resize without transparency takes half the time.
    """
    is_wanted = spec.flatten and spec.background is None
    return flatten(image) if is_wanted and not needs_conversion(image, spec) else image
