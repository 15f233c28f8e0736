"""Sizes and parts of pictures, in whole pixels."""

from fractions import Fraction
from typing import NamedTuple


class Size(NamedTuple):
    """Width and height in pixels, as shown."""

    width: int
    height: int

    def turned(self) -> "Size":
        """Return the size of the same picture lying on its side."""
        return Size(self.height, self.width)


class Box(NamedTuple):
    """A part of a picture."""

    left: int
    top: int
    width: int
    height: int

    @property
    def size(self) -> Size:
        """The part's size."""
        return Size(self.width, self.height)


def scaled(side: int, by: Fraction) -> int:
    """Return *side* times *by*, rounded half up, and never 0."""
    return max(1, (2 * side * by.numerator + by.denominator) // (2 * by.denominator))


def size_within(width: int, height: int, max_dimension: int) -> Size:
    """Return the size of a *width* x *height* picture whose longer side is at most *max_dimension*.

    Never larger than it was; 0 means as it is; the shorter side is rounded and never 0.
    """
    longer = max(width, height)
    if max_dimension == 0 or longer <= max_dimension:
        return Size(width, height)
    by = Fraction(max_dimension, longer)
    return Size(scaled(width, by), scaled(height, by))
