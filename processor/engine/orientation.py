"""How a picture is stored: upright, turned or mirrored."""

import pyvips

UPRIGHT = 1
_LYING = frozenset({5, 6, 7, 8})
"""The EXIF orientations that exchange width and height."""


def orientation_of(image: pyvips.Image) -> int:
    """Return the EXIF orientation, 1 where there is none."""
    return int(image.get("orientation")) if image.get_typeof("orientation") else UPRIGHT


def lies_on_its_side(image: pyvips.Image) -> bool:
    """Say whether *image* is stored with width and height exchanged."""
    return orientation_of(image) in _LYING
