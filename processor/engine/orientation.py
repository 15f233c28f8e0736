"""Step 5: turn a picture upright."""

import pyvips


def upright(image: pyvips.Image) -> pyvips.Image:
    """Return *image* turned as its EXIF orientation says, which then is 1. Needs random access to the pixels."""
    return image.autorot()
