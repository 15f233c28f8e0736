"""Chooses the originals whose variants are compared with them."""

import mmap
import zlib

import pyvips

from common.formats import ImageFormat

_BYTES = 4096
_TABLES = b"A2B0"
"""The tag of colour profiles that convert by tables, as those of printers do; cameras and screens need none."""
_MOST_BANDS = {"b-w": 2, "srgb": 4}


def is_usual(image: pyvips.Image, image_format: ImageFormat) -> bool:
    """Say whether *image* is of a kind that makes up nearly all uploads: 8-bit grey or RGB, with a simple profile."""
    is_plain = image.format == "uchar" and image.bands <= _MOST_BANDS.get(image.interpretation, 0)
    return is_plain and image_format is not ImageFormat.TIFF and not _has_tables(image)


def is_in_sample(content: bytes | mmap.mmap, one_in: int) -> bool:
    """Say whether a file is among those that are checked, *one_in* so many: the same file is each time, or never."""
    middle = len(content) // 2
    return zlib.crc32(content[middle : middle + _BYTES]) % one_in == 0


def _has_tables(image: pyvips.Image) -> bool:
    return bool(image.get_typeof("icc-profile-data")) and _TABLES in image.get("icc-profile-data")
