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
