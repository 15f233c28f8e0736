"""Cuts off what lies outside of the box that a picture covers."""

import pyvips

from common.options.geometry import Focus
from processor.engine.frames import each_frame, height_of_frames
from processor.engine.geometry.sizes import Box
from processor.engine.picture import PictureSpec

_INTERESTING = {Focus.ATTENTION: "attention", Focus.ENTROPY: "entropy"}


def cut_window(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:
    """Return the window of *image*; where pixels decide, that of the first frame, for all frames."""
    window = spec.stored_window
    if window == (0, 0, *spec.stored_scaled):
        return image
    if spec.layout.look_for is not None:
        image = image.copy_memory()
        window = _look(image, window, spec.layout.look_for)
    return each_frame(image, lambda frame: frame.crop(*window))


def _look(image: pyvips.Image, window: Box, focus: Focus) -> Box:
    first = image.crop(0, 0, image.width, height_of_frames(image))
    found = first.smartcrop(window.width, window.height, interesting=_INTERESTING[focus])
    return Box(-found.xoffset, -found.yoffset, window.width, window.height)
