"""Animations whose frames are put together here as browsers do, because libvips does not, or does it otherwise."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import pyvips

from processor.engine.decoding.opening import open_image

GREY, COLOUR = "b-w", "srgb"
"""The spaces that frames are put together in, as libvips calls them; 8 bits a sample, and transparency."""
_METADATA = ("icc-profile-data", "exif-data", "xmp-data", "orientation")


class Disposal(Enum):
    """What becomes of a frame's place before the next frame is drawn."""

    KEEP = auto()
    CLEAR = auto()
    RESTORE = auto()
    """As it was before the frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame: a still file of its own, and where, how and for how long it is drawn.

    *replaces*: also what can be seen through replaces what was below.
    """

    still: Callable[[], bytes]
    left: int
    top: int
    width: int
    height: int
    milliseconds: int
    disposal: Disposal
    replaces: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Animation:
    """The frames of a file and the canvas that they are drawn on; *loops* is 0 for ever.

    *has_still*: the file has a picture for readers that show no animations, which need not be the first frame.
    """

    width: int
    height: int
    loops: int
    frames: tuple[Frame, ...]
    space: str = COLOUR
    has_still: bool = False


def compose(animation: Animation, *, every_frame: bool, fail_on: str) -> pyvips.Image:
    """Return the first frame as it is shown, or *every_frame*, one below the other; raise `pyvips.Error` for damage."""
    canvas = pyvips.Image.black(animation.width, animation.height, bands=2 if animation.space == GREY else 4)
    canvas = canvas.copy(interpretation=animation.space)
    frames = animation.frames if every_frame else animation.frames[:1]
    shown = []
    for frame in frames:
        drawn = _draw(canvas, frame, animation.space, fail_on).copy_memory()
        shown.append(drawn)
        canvas = _dispose(canvas, drawn, frame)
    return _join(shown, frames, animation) if every_frame else shown[0]


def with_fields_of(original: pyvips.Image, image: pyvips.Image) -> pyvips.Image:
    """Return *image* with the metadata of *original*."""
    image = image.copy()
    for name in _METADATA:
        if original.get_typeof(name):
            image.set_type(original.get_typeof(name), name, original.get(name))
    return image


def _join(shown: list[pyvips.Image], frames: tuple[Frame, ...], animation: Animation) -> pyvips.Image:
    joined = shown[0].pagejoin(shown[1:]).copy()
    fields: dict[str, tuple[Any, Any]] = {
        "page-height": (pyvips.GValue.gint_type, animation.height),
        "n-pages": (pyvips.GValue.gint_type, len(frames)),
        "loop": (pyvips.GValue.gint_type, animation.loops),
        "delay": (pyvips.GValue.array_int_type, [frame.milliseconds for frame in frames]),
    }
    for name, (kind, content) in fields.items():
        joined.set_type(kind, name, content)
    return joined


def _draw(canvas: pyvips.Image, frame: Frame, space: str, fail_on: str) -> pyvips.Image:
    width, height = _size_on(canvas, frame)
    if width <= 0 or height <= 0:
        return canvas
    picture = _decode(frame, space, fail_on).crop(0, 0, width, height)
    if not frame.replaces:
        picture = _over(canvas.crop(frame.left, frame.top, width, height), picture)
    return canvas.insert(picture, frame.left, frame.top)


def _decode(frame: Frame, space: str, fail_on: str) -> pyvips.Image:
    picture = open_image(frame.still(), fail_on=fail_on).colourspace(space)
    return (picture if picture.hasalpha() else picture.addalpha()).copy_memory()


def _over(below: pyvips.Image, picture: pyvips.Image) -> pyvips.Image:
    # What is below nothing stays what it is: libvips' own blending rounds it by one, frame after frame.
    return (picture[-1] == 0).ifthenelse(below, below.composite2(picture, "over"))


def _dispose(before: pyvips.Image, drawn: pyvips.Image, frame: Frame) -> pyvips.Image:
    """Return what the next frame is drawn on."""
    width, height = _size_on(drawn, frame)
    if frame.disposal is Disposal.KEEP or width <= 0 or height <= 0:
        return drawn
    if frame.disposal is Disposal.RESTORE:
        return before
    nothing = pyvips.Image.black(width, height, bands=drawn.bands).copy(interpretation=drawn.interpretation)
    return drawn.insert(nothing, frame.left, frame.top)


def _size_on(canvas: pyvips.Image, frame: Frame) -> tuple[int, int]:
    """Return how much of *frame* is on the *canvas*: nothing where a side is not positive."""
    return min(frame.width, canvas.width - frame.left), min(frame.height, canvas.height - frame.top)
