"""Changes pixels at last: without colours, blurred, sharpened; in this order."""

import pyvips

from processor.engine.frames import each_frame
from processor.engine.picture import NO_EFFECTS, Effects, PictureSpec


def apply_effects(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:
    """Return *image* with its effects; what can be seen through lends no colour to its neighbours."""
    effects = spec.effects
    return image if effects == NO_EFFECTS else each_frame(image, lambda frame: _apply(frame, effects))


def _apply(frame: pyvips.Image, effects: Effects) -> pyvips.Image:
    if effects.grayscale:
        frame = frame.colourspace("b-w")
    if effects.blur is not None:
        frame = _blur(frame, effects.blur)
    if effects.sharpen is not None:
        frame = frame.sharpen(sigma=effects.sharpen)
    return frame


def _blur(frame: pyvips.Image, sigma: float) -> pyvips.Image:
    if not frame.hasalpha():
        return frame.gaussblur(sigma)
    kind = frame.interpretation
    blurred = frame.premultiply().gaussblur(sigma).unpremultiply()
    return blurred.linear(1, 0.5, uchar=True).copy(interpretation=kind)
