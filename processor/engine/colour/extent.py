"""Tells whether a conversion has left anything of a picture, from some hundreds of its pixels."""

from array import array

import pyvips

_SAMPLES_A_SIDE = 24
_LEAST_EXTENT = 1 / 32
"""Of all levels: what a picture must have used at least before one colour is no conversion of it."""
_LEVELS = {"uchar": ("B", 255), "ushort": ("H", 65535)}
"""How Python calls libvips' whole numbers, and the largest of them."""


def is_of_one_colour(image: pyvips.Image) -> bool:
    """Say whether a finished picture seems to show nothing."""
    return _extent(image) == 0


def may_have_lost_the_picture(before: pyvips.Image, after: pyvips.Image) -> bool:
    """Say whether *before* clearly shows something and *after*, which was made of it, one colour only."""
    return _extent(after) == 0 and _extent(before) >= _LEAST_EXTENT


def _extent(image: pyvips.Image) -> float:
    """Return how far apart a picture's darkest and lightest numbers are, 0 to 1; transparency does not count."""
    colours = image.extract_band(0, n=image.bands - 1) if image.hasalpha() else image
    across, down = (max(1, side // _SAMPLES_A_SIDE) for side in (image.width, image.height))
    points = colours.subsample(across, down, point=True)
    code, largest = _LEVELS[image.format]
    numbers = array(code, bytes(points.write_to_memory()))
    return float(max(numbers) - min(numbers)) / largest
