"""The size of a GIF's canvas."""

import struct

from common.image_header.bounded_file import BoundedFile
from common.image_header.reader import HeaderReader, Size


def _size(file: BoundedFile) -> Size:
    # Not imagesize: it reads the numbers as signed, and loses those above 32767.
    file.seek(6)
    width, height = struct.unpack("<HH", file.exactly(7)[:4])
    return width, height


READER = HeaderReader(signature=rb"GIF8[79]a", size=_size)
