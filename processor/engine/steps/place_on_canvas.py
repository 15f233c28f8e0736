"""Sets a picture on its background: behind what can be seen through, in the box that it does not fill, as padding."""

import pyvips

from common.options.css_colours import Rgba
from processor.engine.frames import each_frame
from processor.engine.picture import PictureSpec

_WHITE, _NOTHING, _OPAQUE = Rgba(255, 255, 255, 255), Rgba(0, 0, 0, 0), 255


def place_on_canvas(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:
    """Return *image* on a canvas of the background's colour.

    Without one it stands on nothing, or on white where no variant can keep transparency.
    """
    is_extended = spec.layout.canvas != spec.layout.window.size
    if not is_extended and spec.background is None:
        return image
    colour = spec.background or (_WHITE if spec.flatten else _NOTHING)
    image = _with_bands_for(image, colour)
    return each_frame(image, lambda frame: _place(frame, spec, colour))


def _place(frame: pyvips.Image, spec: PictureSpec, colour: Rgba) -> pyvips.Image:
    if colour.opacity == _OPAQUE and frame.hasalpha():
        frame = frame.flatten(background=_numbers(frame, colour, with_opacity=False))
    elif colour.opacity:
        frame = _over(frame, colour)
    if spec.layout.canvas == (frame.width, frame.height):
        return frame
    if colour.opacity < _OPAQUE and not frame.hasalpha():
        frame = frame.addalpha()
    background = _numbers(frame, colour, with_opacity=frame.hasalpha())
    return frame.embed(*spec.layout.at, *spec.layout.canvas, extend="background", background=background)


def _over(frame: pyvips.Image, colour: Rgba) -> pyvips.Image:
    if not frame.hasalpha():
        return frame
    below = frame.new_from_image(_numbers(frame, colour, with_opacity=True)).copy(interpretation=frame.interpretation)
    return below.composite2(frame, "over").cast(frame.format)


def _with_bands_for(image: pyvips.Image, colour: Rgba) -> pyvips.Image:
    is_grey = colour.red == colour.green == colour.blue
    return image if is_grey or image.interpretation != "b-w" else image.colourspace("srgb")


def _numbers(frame: pyvips.Image, colour: Rgba, *, with_opacity: bool) -> list[int]:
    colours = frame.bands - frame.hasalpha()
    return [*colour[:colours], *([colour.opacity] if with_opacity else [])]
