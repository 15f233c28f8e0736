"""Small copies of pictures, made without the recipe's steps: what compares shares no fault with what is compared."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import pyvips

from processor.engine.codecs.codec import Loader
from processor.engine.decoding.opening import open_image
from processor.engine.geometry.sizes import Size
from processor.engine.orientation import lies_on_its_side
from processor.engine.steps.normalise_bands import take_shown

_AREAS_A_SIDE = 16
_SPARE_PIXELS = 4
"""How many pixels an area is wide at least: fewer depend on how a decoder or an encoder shrinks."""
_LEVELS = 255
_GREY, _INK = 1, 4
_IN_8_BITS = {"grey16": "b-w", "cmyk": "cmyk"}
"""What libvips calls numbers of 16 bits when they have 8."""
_WHITE, _OPAQUE = 255, 255


@dataclass(frozen=True, slots=True)
class SmallCopy:
    """Averages over areas of a picture, from 0 to 255: red, green and blue on white, area by area, and opacity.

    Numbers are the file's own, whatever they mean: *is_srgb* says whether they are those of sRGB.
    """

    colours: bytes
    opacity: bytes
    is_srgb: bool

    @classmethod
    def of(cls, content: bytes | mmap.mmap, loader: Loader, grid: Size) -> Self:
        """Return a copy of *content*'s first frame, upright, of as many areas as *grid* has; raise `pyvips.Error`."""
        opened = open_image(content)
        spare = min(opened.width, opened.height) / (_AREAS_A_SIDE * _SPARE_PIXELS)
        options = loader.shrink_on_load(spare)
        image = loader.correct(open_image(content, **options) if options else opened, content)
        areas = _average(_on_white(_in_8_bits(take_shown(image))), grid)
        numbers = bytes(areas.write_to_memory())
        colours = bytes(_rgb(numbers, areas.bands - 1))
        return cls(colours, numbers[areas.bands - 1 :: areas.bands], _is_srgb(image))

    @property
    def channels(self) -> tuple[bytes, bytes, bytes]:
        """Red, green and blue apart."""
        return self.colours[::3], self.colours[1::3], self.colours[2::3]


def grid_of(size: Size) -> Size:
    """Return how many areas a picture of *size* is averaged to."""
    return Size(*(max(1, min(_AREAS_A_SIDE, side // _SPARE_PIXELS)) for side in size))


def _is_srgb(image: pyvips.Image) -> bool:
    is_known = image.interpretation in {"b-w", "srgb"} and image.format == "uchar"
    return is_known and not image.get_typeof("icc-profile-data")


def _in_8_bits(image: pyvips.Image) -> pyvips.Image:
    if image.format == "uchar":
        return image
    return (image / (_LEVELS + 2)).cast("uchar").copy(interpretation=_IN_8_BITS.get(image.interpretation, "srgb"))


def _on_white(image: pyvips.Image) -> pyvips.Image:
    """Return *image* on white, and its opacity as its last band."""
    if not image.hasalpha():
        return image.bandjoin(_OPAQUE)
    return image.flatten(background=_WHITE).bandjoin(image[-1])


def _average(image: pyvips.Image, grid: Size) -> pyvips.Image:
    across, down = grid.turned() if lies_on_its_side(image) else grid
    areas = image.resize(across / image.width, vscale=down / image.height, kernel="linear")
    return areas.copy_memory().autorot()


def _rgb(numbers: bytes, colours: int) -> Iterator[int]:
    """Yield red, green and blue of all areas, of *colours* and opacity each."""
    for at in range(0, len(numbers), colours + 1):
        area = numbers[at : at + colours]
        if colours == _GREY:
            yield from (area[0], area[0], area[0])
        elif colours == _INK:
            yield from ((_LEVELS - ink) * (_LEVELS - area[3]) // _LEVELS for ink in area[:3])
        else:
            yield from area
