"""Step 5: turn a picture upright."""

import pyvips

UPRIGHT = 1
_LYING = frozenset({5, 6, 7, 8})
"""The EXIF orientations that exchange width and height."""
_MAY_TURN = ("orientation", "exif-data")
"""The fields without which libvips' turning comes to a copy, at a sixteenth of the smallest picture's time."""


def orientation_of(image: pyvips.Image) -> int:
    """Return the EXIF orientation, 1 where there is none."""
    return int(image.get("orientation")) if image.get_typeof("orientation") else UPRIGHT


def lies_on_its_side(image: pyvips.Image) -> bool:
    """Say whether *image* is stored with width and height exchanged."""
    return orientation_of(image) in _LYING


def upright(image: pyvips.Image) -> pyvips.Image:
    """Return *image* turned as its EXIF orientation says, which then is 1. Needs random access to the pixels."""
    return image.autorot() if any(image.get_typeof(field) for field in _MAY_TURN) else image
