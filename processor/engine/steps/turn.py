"""Turns and mirrors an upright picture as it was asked for."""

import pyvips

from processor.engine.frames import each_frame
from processor.engine.geometry.turns import AS_IT_IS, Turn
from processor.engine.picture import PictureSpec


def turn(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:
    """Return *image* turned; needs random access to the pixels."""
    wanted = spec.layout.turn
    return image if wanted == AS_IT_IS else each_frame(image, lambda frame: _turn(frame, wanted))


def _turn(frame: pyvips.Image, wanted: Turn) -> pyvips.Image:
    if wanted.transposes:
        frame = frame.rot90().fliphor()
    if wanted.mirrors_across:
        frame = frame.fliphor()
    return frame.flipver() if wanted.mirrors_down else frame
