"""TIFF files in Lab: libvips reads their numbers as if they were RGB, and here they become sRGB.

libvips itself reads neither 8 bits of them nor signed ones. White is D50's, as everywhere in print.
"""

import mmap

import pyvips

from common.image_header import DamagedHeaderError, UnsupportedImageError
from common.image_header.bounded_file import BoundedFile
from common.image_header.tiff import CIE_LAB, ICC_LAB, Tag, photometric_of
from processor.engine import ImageRefusedError, Refusal
from processor.engine.colour.matrices import invert, to_xyz_d50
from processor.engine.colour.spaces import SRGB_PRIMARIES
from processor.engine.decoding.file_in_memory import FileInMemory

_TIFF = (b"II", b"MM")
_RGB = 2
_D50 = [96.42, 100.0, 82.49]
_COLOURS = 3
_PROFILE = "icc-profile-data"


def as_rgb(content: bytes | mmap.mmap) -> bytes | mmap.mmap:
    """Return the file *content* with Lab called RGB, or as it is."""
    photometric = _lab_of(content)
    if photometric is None:
        return content
    number = _RGB.to_bytes(2, "little" if content[:2] == b"II" else "big")
    return b"".join((content[: photometric.at], number, content[photometric.at + 2 :]))


def lab_to_srgb(image: pyvips.Image, content: bytes | mmap.mmap) -> pyvips.Image:
    """Return *image*, the numbers in the file *content*, in 8-bit sRGB where they are Lab; opacity stays.

    Raises `ImageRefusedError` where there are too few of them.
    """
    photometric = _lab_of(content)
    if photometric is None:
        return image
    if image.bands < _COLOURS:
        raise ImageRefusedError(Refusal.IMAGE_DAMAGED, "The image is damaged: it has fewer samples than colours.")
    is_signed = photometric.values == (CIE_LAB,)
    lab = _lab(image[:_COLOURS], is_signed=is_signed).copy(interpretation="lab")
    light = (lab.Lab2XYZ(temp=_D50) / 100).recomb(invert(to_xyz_d50(SRGB_PRIMARIES)))
    colours = light.copy(interpretation="scrgb").colourspace("srgb")
    if image.bands > _COLOURS:
        opacity = image[_COLOURS] if image.format == "uchar" else image[_COLOURS] / 257
        colours = colours.bandjoin(opacity.rint().cast("uchar"))
    if colours.get_typeof(_PROFILE):
        colours.remove(_PROFILE)
    return colours


def _lab(numbers: pyvips.Image, *, is_signed: bool) -> pyvips.Image:
    """Return L of 0 to 100, a and b from what is stored in 8 or 16 bits."""
    unit = 1 if numbers.format == "uchar" else 256
    middle, whole = 128 * unit, 256 * unit
    lightness = numbers[0] * (100 / (whole - 1 if is_signed else 255 * unit))
    chroma = numbers[1:]
    if is_signed:
        return lightness.bandjoin((chroma >= middle).ifthenelse(chroma - whole, chroma) / unit)
    return lightness.bandjoin((chroma - middle) / unit)


def _lab_of(content: bytes | mmap.mmap) -> Tag | None:
    if content[:2] not in _TIFF:
        return None
    try:
        photometric = photometric_of(BoundedFile(FileInMemory(content)))
    except (DamagedHeaderError, UnsupportedImageError):
        return None
    return photometric if photometric is not None and photometric.values in {(CIE_LAB,), (ICC_LAB,)} else None
