"""Colours as CSS writes them: names, hexadecimal, rgb(), rgba() and hsl()."""

from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_extra_types.color import Color


class Rgba(NamedTuple):
    """An sRGB colour and its opacity, each from 0 to 255."""

    red: int
    green: int
    blue: int
    opacity: int


def _canonical(value: Any) -> Any:
    try:
        colour = Color(value) if isinstance(value, str) else None
    except ValueError:
        colour = None
    if colour is None:
        message = 'must be a CSS colour such as "white", "#ff8800" or "rgb(0 0 0 / 50%)"'
        raise ValueError(message)
    red, green, blue, *opacity = colour.as_rgb_tuple(alpha=True)
    return f"#{red:02x}{green:02x}{blue:02x}{round(opacity[0] * 255):02x}"


CssColour = Annotated[
    str, BeforeValidator(_canonical), WithJsonSchema({"type": "string", "examples": ["white", "#ff8800"]})
]
"""A colour, stored as #rrggbbaa in whatever way it was written."""


def rgba_of(colour: str) -> Rgba:
    """Return the four numbers of a validated colour."""
    return Rgba(*bytes.fromhex(colour.removeprefix("#")))
