"""Turns a picture upright, once and for all."""

import pyvips

from processor.engine.picture import PictureSpec

_MAY_TURN = ("orientation", "exif-data")
"""The fields without which libvips' turning comes to a copy, at a sixteenth of the smallest picture's time."""


def turn_upright(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:  # noqa: ARG001 - as all steps
    """Return *image* turned as its EXIF orientation says, which then is 1. Needs random access to the pixels."""
    return image.autorot() if any(image.get_typeof(field) for field in _MAY_TURN) else image
