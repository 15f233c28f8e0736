"""The flags that say what a variant is, and their values as a job's options write them."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from processor.convert.errors import ConversionError

Width = Annotated[int | None, typer.Option("--width", "-width", help="Of the box that the picture fits, in pixels.")]
Height = Annotated[int | None, typer.Option("--height", "-height", help="Of the box that the picture fits, in pixels.")]
AspectRatio = Annotated[
    str | None, typer.Option("--aspect-ratio", "-aspect-ratio", help="Such as 16:9, for the side that is not named.")
]
Fit = Annotated[
    str | None, typer.Option("--fit", "-fit", help="inside (default), cover, contain, fill or outside the box.")
]
Enlarge = Annotated[bool, typer.Option("--enlarge", "-enlarge", help="Let a picture smaller than the box grow.")]
Focus = Annotated[
    str | None,
    typer.Option(
        "--focus", "-focus", help="What cover keeps: center, top, 'right top', …, attention, entropy, or 0.3,0.7."
    ),
]
Crop = Annotated[
    str | None,
    typer.Option("--crop", "-crop", help="The part to take: 10,10,300x200 in pixels, 0.1,0.1,0.5x0.5 in fractions."),
]
Trim = Annotated[
    int | None,
    typer.Option("--trim", "-trim", help="Cut off a border whose colours differ by so much at most, such as 10."),
]
Rotate = Annotated[int | None, typer.Option("--rotate", "-rotate", help="Degrees clockwise: 90, 180 or 270.")]
Flip = Annotated[str | None, typer.Option("--flip", "-flip", help="Mirror: horizontal or vertical.")]
Background = Annotated[
    str | None, typer.Option("--background", "-background", help="A CSS colour, behind what can be seen through.")
]
Padding = Annotated[
    str | None,
    typer.Option("--padding", "-padding", help="Pixels to add: 10, or 10,20,10,20 for top, right, bottom, left."),
]
Grayscale = Annotated[bool, typer.Option("--grayscale", "-grayscale", help="Without colours.")]
Blur = Annotated[float | None, typer.Option("--blur", "-blur", help="Sigma of a Gaussian blur, in pixels.")]
Sharpen = Annotated[float | None, typer.Option("--sharpen", "-sharpen", help="Sigma of the mask that sharpens.")]

_NUMBER = r"(\d+(?:\.\d+)?)"
_CROP = re.compile(rf"{_NUMBER},{_NUMBER},{_NUMBER}x{_NUMBER}")
_POINT = re.compile(rf"{_NUMBER},{_NUMBER}")
_PADDING = re.compile(r"(\d+)(?:,(\d+),(\d+),(\d+))?")


def as_options(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flags that were given, by the options' names; raise `ConversionError` for one that cannot be read."""
    given = {name: value for name, value in flags.items() if value is not None}
    return {name: _READ[name](value) if name in _READ else value for name, value in given.items()}


def _crop(text: str) -> dict[str, Any]:
    found = _CROP.fullmatch(text)
    if found is None:
        message = "-crop: must be LEFT,TOP,WIDTHxHEIGHT such as 10,10,300x200"
        raise ConversionError(message)
    numbers = dict(zip(("left", "top", "width", "height"), map(float, found.groups()), strict=True))
    return {**numbers, "unit": "fraction" if "." in text else "px"}


def _focus(text: str) -> str | dict[str, float]:
    found = _POINT.fullmatch(text)
    return text if found is None else {"x": float(found[1]), "y": float(found[2])}


def _padding(text: str) -> int | dict[str, int]:
    found = _PADDING.fullmatch(text)
    if found is None:
        message = "-padding: must be pixels such as 10, or 10,20,10,20"
        raise ConversionError(message)
    if found[2] is None:
        return int(found[1])
    return dict(zip(("top", "right", "bottom", "left"), map(int, found.groups()), strict=True))


_READ = {"crop": _crop, "focus": _focus, "padding": _padding}
