"""The options that decide a variant's size and which part of the original it shows, by the names of sharp and CSS.

They apply in a fixed order: upright, crop, trim, rotate, flip, resize, padding. `docs/variants.md` shows each.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator

from common.options.css_colours import CssColour
from common.wire import WireModel

MAX_SIDE_PIXELS = 16384
"""The longest side of any original or variant; WebP's own limit is one pixel less."""


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Integer = Annotated[int, BeforeValidator(_whole)]
"""A whole number in any notation: 80, 80.0 and 8e1 are one integer, as in JSON Schema."""
Side = Annotated[Integer, Field(ge=1, le=MAX_SIDE_PIXELS)]
Fraction = Annotated[float, Field(ge=0, le=1, strict=False)]
_MOST_DIFFERENCE = 255
_SIDES = ("top", "right", "bottom", "left")
_SIDE_PIXELS: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": MAX_SIDE_PIXELS}
_RATIO = re.compile(r"([1-9]\d{0,4}):([1-9]\d{0,4})")


class Fit(StrEnum):
    """How a picture fills the box of `width` and `height`; CSS' object-fit, and sharp's outside."""

    INSIDE = "inside"
    COVER = "cover"
    CONTAIN = "contain"
    FILL = "fill"
    OUTSIDE = "outside"


class Focus(StrEnum):
    """Which part stays where `cover` cuts off, and where the picture stands in the box of `contain`."""

    CENTER = "center"
    TOP = "top"
    RIGHT_TOP = "right top"
    RIGHT = "right"
    RIGHT_BOTTOM = "right bottom"
    BOTTOM = "bottom"
    LEFT_BOTTOM = "left bottom"
    LEFT = "left"
    LEFT_TOP = "left top"
    ATTENTION = "attention"
    """Where edges, skin and strong colours are."""
    ENTROPY = "entropy"
    """Where most happens."""


class CropOutsideError(ValueError):
    """A crop leaves the image; the message says by how much."""


class _Strict(WireModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class FocusPoint(_Strict):
    """A point of the picture, in fractions of its width and height."""

    x: Fraction
    y: Fraction


class Crop(_Strict):
    """A part of the upright original: in its pixels, or in fractions of its width and height."""

    left: float = Field(ge=0, strict=False)
    top: float = Field(ge=0, strict=False)
    width: float = Field(gt=0, strict=False)
    height: float = Field(gt=0, strict=False)
    unit: Literal["px", "fraction"] = "px"

    @model_validator(mode="after")
    def _check_unit(self) -> Self:
        numbers = (self.left, self.top, self.width, self.height)
        if self.unit == "px" and not all(number.is_integer() for number in numbers):
            message = 'pixels are whole numbers; for parts of the image say "unit": "fraction"'
            raise ValueError(message)
        if self.unit == "fraction" and max(self.left + self.width, self.top + self.height) > 1:
            message = "left + width and top + height may be 1 at most"
            raise ValueError(message)
        return self

    def pixels_of(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return left, top, width and height in whole pixels of an image; raise `CropOutsideError`."""
        if self.unit == "fraction":
            left, across = _pixels(self.left, self.width, width)
            top, down = _pixels(self.top, self.height, height)
            return left, top, across, down
        if self.left + self.width > width or self.top + self.height > height:
            message = (
                f"{self.width:g} x {self.height:g} pixels at {self.left:g}, {self.top:g} are not all within the "
                f"image, which has {width} x {height}"
            )
            raise CropOutsideError(message)
        return int(self.left), int(self.top), int(self.width), int(self.height)


def _pixels(start: float, share: float, of: int) -> tuple[int, int]:
    first = min(round(start * of), of - 1)
    return first, max(1, round((start + share) * of) - first)


class Sides(_Strict):
    """Pixels at each side."""

    top: Integer = Field(0, ge=0, le=MAX_SIDE_PIXELS)
    right: Integer = Field(0, ge=0, le=MAX_SIDE_PIXELS)
    bottom: Integer = Field(0, ge=0, le=MAX_SIDE_PIXELS)
    left: Integer = Field(0, ge=0, le=MAX_SIDE_PIXELS)


def _named(kind: type[StrEnum]) -> BeforeValidator:
    def validate(value: Any) -> Any:
        if isinstance(value, str):
            if value not in set(kind):
                message = f"must be one of {', '.join(kind)}"
                raise ValueError(message)
            return kind(value)
        return value

    return BeforeValidator(validate)


def _ratio(value: Any) -> Any:
    if not isinstance(value, str) or not _RATIO.fullmatch(value):
        message = 'must be two whole numbers such as "16:9"'
        raise ValueError(message)
    return value


def _focus(value: Any) -> Any:
    # By hand: of a union of two, pydantic names neither well.
    if isinstance(value, str) and value in set(Focus):
        return Focus(value)
    if isinstance(value, dict):
        with suppress(ValidationError):
            return FocusPoint.model_validate(value)
    if isinstance(value, FocusPoint):
        return value
    message = f"must be one of {', '.join(Focus)}, or a point {{x, y}} with numbers from 0 to 1"
    raise ValueError(message)


def _trim(value: Any) -> Any:
    whole = _whole(value)
    if isinstance(whole, int) and 0 <= whole <= _MOST_DIFFERENCE:
        return whole
    message = f"must be true, false, or a whole number from 0 to {_MOST_DIFFERENCE}"
    raise ValueError(message)


def _sides(value: Any) -> Any:
    whole = _whole(value)
    is_number = isinstance(whole, int) and not isinstance(whole, bool)
    return dict.fromkeys(_SIDES, whole) if is_number else value


def _degrees(value: Any) -> Any:
    if _whole(value) not in {90, 180, 270} or isinstance(value, bool):
        message = "must be 90, 180 or 270"
        raise ValueError(message)
    return _whole(value)


AspectRatio = Annotated[
    str,
    BeforeValidator(_ratio),
    WithJsonSchema({"type": "string", "pattern": r"^[1-9]\d{0,4}:[1-9]\d{0,4}$", "examples": ["16:9"]}),
]
Degrees = Annotated[int, BeforeValidator(_degrees), WithJsonSchema({"type": "integer", "enum": [90, 180, 270]})]
Trim = Annotated[
    bool | int,
    BeforeValidator(_trim),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": 0, "maximum": _MOST_DIFFERENCE}]}),
]
Padding = Annotated[
    Sides,
    BeforeValidator(_sides),
    WithJsonSchema(
        {
            "anyOf": [
                _SIDE_PIXELS,
                {
                    "type": "object",
                    "properties": dict.fromkeys(_SIDES, _SIDE_PIXELS),
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


class GeometryOptions(WireModel):
    """Which part of the original a variant shows, how large, and on what."""

    model_config = ConfigDict(strict=True, extra="forbid")

    max_dimension: Integer = Field(
        0,
        ge=0,
        le=MAX_SIDE_PIXELS,
        description="The longer side in pixels at most; 0 leaves the size as it is. Never enlarges.",
    )
    width: Side | None = Field(None, description="Of the box that the picture fits, in pixels.")
    height: Side | None = Field(None, description="Of the box that the picture fits, in pixels.")
    aspect_ratio: AspectRatio | None = Field(
        None, description="Gives the side of the box that is not named; with neither, the largest part is cut out."
    )
    fit: Annotated[Fit, _named(Fit)] | None = Field(
        None,
        description="How the picture fits the box: `inside` (default; `cover` with aspectRatio) and `outside` keep its "
        "shape, `cover` cuts off, `contain` adds background, `fill` distorts.",
    )
    enlarge: bool = Field(default=False, description="Whether a picture smaller than the box grows.")
    focus: Annotated[Focus | FocusPoint, BeforeValidator(_focus)] = Field(
        Focus.CENTER,
        description="What stays where cover cuts off; where the picture stands in contain's box.",
    )
    crop: Crop | None = Field(None, description="The part of the upright original to take.")
    trim: Trim = Field(
        default=False,
        description="Cut off a border of the first pixel's colour: true, or how far a colour may be from it.",
    )
    rotate: Degrees | None = Field(None, description="Degrees clockwise, after crop and trim.")
    flip: Literal["horizontal", "vertical"] | None = Field(None, description="Mirror, after rotate.")
    background: CssColour | None = Field(
        None, description="Behind what can be seen through, in contain's box and in the padding."
    )
    padding: Padding = Field(Sides(), description="Pixels to add at every side, or at each, after resize.")

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        for message in self._contradictions():
            raise ValueError(message)
        return self

    def _contradictions(self) -> Iterator[str]:
        if self.max_dimension and (self.width or self.height or self.aspect_ratio):
            yield "maxDimension cannot be combined with width, height or aspectRatio"
        if self.aspect_ratio and self.width and self.height:
            yield "aspectRatio cannot be combined with both width and height"
        if self.fit and not (self.width or self.height):
            yield "fit needs width or height"

    def ratio(self) -> tuple[int, int] | None:
        """Return the two numbers of `aspectRatio`."""
        if self.aspect_ratio is None:
            return None
        across, down = self.aspect_ratio.split(":")
        return int(across), int(down)
