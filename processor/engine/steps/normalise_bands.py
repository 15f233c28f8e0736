"""Leaves the bands of a picture's colours and of its transparency, as the steps behind understand them."""

import pyvips

from processor.engine.picture import PictureSpec

_COLOUR_BANDS = {"b-w": 1, "grey16": 1, "srgb": 3, "rgb": 3, "rgb16": 3, "lab": 3, "labs": 3, "cmyk": 4}
_RGB_BANDS = 3
_RGB = {"uchar": "srgb", "ushort": "rgb16"}


def normalise_bands(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:  # noqa: ARG001 - as all steps
    """Return what is shown of *image*."""
    return take_shown(image)


def take_shown(image: pyvips.Image) -> pyvips.Image:
    """Return *image* with its colours and at most one more band, which is its transparency.

    Of several more, as scanners and satellites have, nobody can tell what they are.
    """
    colours = _COLOUR_BANDS.get(image.interpretation, min(image.bands, _RGB_BANDS))
    return image if image.bands <= colours + 1 else _take_colours(image, colours)


def _take_colours(image: pyvips.Image, colours: int) -> pyvips.Image:
    if colours == 1:  # grey with more than transparency is no grey: the first three are shown as colours
        colours, image = _RGB_BANDS, image.copy(interpretation=_RGB[image.format])
    return image.extract_band(0, n=colours)
