"""The size of a TIFF's first page."""

import imagesize

from common.image_header.bounded_file import BoundedFile
from common.image_header.reader import HeaderReader, Size


def _size(file: BoundedFile) -> Size:
    width, height = imagesize.get(file, exif_rotation=False)
    return int(width), int(height)


READER = HeaderReader(signature=rb"II[*+]\0|MM\0[*]", size=_size)
