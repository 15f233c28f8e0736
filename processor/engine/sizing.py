"""How large a variant becomes."""

from typing import NamedTuple


class Size(NamedTuple):
    """Width and height in pixels, as shown."""

    width: int
    height: int

    def turned(self) -> "Size":
        """Return the size of the same picture lying on its side."""
        return Size(self.height, self.width)


def size_within(width: int, height: int, max_dimension: int) -> Size:
    """Return the size of a *width* x *height* picture whose longer side is at most *max_dimension*.

    Never larger than it was; 0 means as it is; the shorter side is rounded and never 0.
    """
    longer = max(width, height)
    if max_dimension == 0 or longer <= max_dimension:
        return Size(width, height)
    return Size(_scaled(width, longer, max_dimension), _scaled(height, longer, max_dimension))


def _scaled(side: int, longer: int, max_dimension: int) -> int:
    return max(1, (2 * side * max_dimension + longer) // (2 * longer))
