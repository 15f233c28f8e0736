"""Reads the size of a TIFF's first page, and refuses what its tags say cannot be read.

Not imagesize: it reads only the size, while the same tags say whether the pixels can be read.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from common.formats import ImageFormat
from common.image_header import UnsupportedImageError
from common.image_header.bounded_file import BoundedFile
from common.image_header.reader import UNREAD, HeaderReader, Size

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLE_FORMAT = 256, 257, 258, 259, 262, 339
_TAGS = frozenset({_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLE_FORMAT})
_TYPES = {1: "B", 3: "H", 4: "L", 16: "Q"}
"""Of the numbers that these tags hold, as `struct` calls them."""
_MOST_VALUES = 64
"""One value for each sample of a pixel; more are no picture."""

_READ_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 7, 8, 32773, 32946})
_COMPRESSIONS = {
    6: "old-style JPEG", 34661: "JBIG", 34676: "SGI LogLuv", 34677: "SGI LogLuv", 34712: "JPEG 2000", 34887: "LERC",
    34925: "LZMA", 50000: "ZSTD", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}  # fmt: skip
_READ_BITS = frozenset({1, 2, 4, 8, 16})
_SAMPLE_FORMATS = {2: "signed samples", 3: "floating-point samples", 5: "complex samples", 6: "complex samples"}
_PHOTOMETRICS = {10: "ITU's Lab colours", 32803: "raw sensor data", 32844: "LogL samples", 32845: "LogLuv samples"}
CIE_LAB, ICC_LAB = 8, 9
"""Photometric interpretations: the second's a and b are not signed, but begin at the middle."""
_LAB_SAMPLES = 3


class Tag(NamedTuple):
    """The values of a tag, and where in the file they lie."""

    values: tuple[int, ...]
    at: int


def photometric_of(file: BoundedFile) -> Tag | None:
    """Return the first page's photometric interpretation; None where no tag tells."""
    return _first_tags(file).get(_PHOTOMETRIC)


def _size(file: BoundedFile) -> Size:
    tags = {kind: tag.values for kind, tag in _first_tags(file).items()}
    _refuse_unsupported(tags)
    sides = tags.get(_WIDTH), tags.get(_HEIGHT)
    return (sides[0][0], sides[1][0]) if sides[0] and sides[1] else UNREAD


def _refuse_unsupported(tags: dict[int, tuple[int, ...]]) -> None:
    """Raise `UnsupportedImageError` if the tags say that we cannot read the file."""
    [compression, *_] = tags.get(_COMPRESSION) or (1,)
    [photometric, *_] = tags.get(_PHOTOMETRIC) or (1,)
    bits = tags.get(_BITS) or (1,)
    strange = next((kind for kind in tags.get(_SAMPLE_FORMAT, ()) if kind in _SAMPLE_FORMATS), None)
    if photometric in _PHOTOMETRICS:
        raise UnsupportedImageError(ImageFormat.TIFF, _PHOTOMETRICS[photometric])
    if compression not in _READ_COMPRESSIONS:
        name = _COMPRESSIONS.get(compression, f"unknown ({compression})")
        raise UnsupportedImageError(ImageFormat.TIFF, f"{name} compression")
    if strange is not None:
        raise UnsupportedImageError(ImageFormat.TIFF, _SAMPLE_FORMATS[strange])
    if photometric in {CIE_LAB, ICC_LAB} and len(bits) < _LAB_SAMPLES:
        raise UnsupportedImageError(ImageFormat.TIFF, "Lab colours without a and b")
    if not _READ_BITS.issuperset(bits) or len(set(bits)) > 1:
        raise UnsupportedImageError(ImageFormat.TIFF, f"{', '.join(map(str, dict.fromkeys(bits)))} bits a sample")


def _first_tags(file: BoundedFile) -> dict[int, Tag]:
    """Return the tags that matter of the first page; of equal ones the first, as libtiff does."""
    return dict(reversed(list(_tags(file))))


def _tags(file: BoundedFile) -> Iterator[tuple[int, Tag]]:
    """Yield the tags that matter of the first page."""
    file.seek(0)
    head = file.exactly(4)
    order, is_big = "<" if head.startswith(b"II") else ">", head[2:] == b"+\0"
    pointer = struct.Struct(f"{order}{'Q' if is_big else 'L'}")
    counter = struct.Struct(f"{order}{'Q' if is_big else 'H'}")
    entry = struct.Struct(f"{order}HH{'Q' if is_big else 'L'}")
    file.seek(pointer.size)
    [directory] = pointer.unpack(file.exactly(pointer.size))
    file.seek(directory)
    [count] = counter.unpack(file.exactly(counter.size))
    for place in range(count):
        at = directory + counter.size + place * (entry.size + pointer.size)
        file.seek(at)
        tag, kind, values = entry.unpack(file.exactly(entry.size))
        if tag in _TAGS and kind in _TYPES and 0 < values <= _MOST_VALUES:
            layout = struct.Struct(f"{order}{values}{_TYPES[kind]}")
            values_at = at + entry.size
            if layout.size > pointer.size:
                [values_at] = pointer.unpack(file.exactly(pointer.size))
                file.seek(values_at)
            yield tag, Tag(layout.unpack(file.exactly(layout.size)), values_at)


READER = HeaderReader(signature=rb"II[*+]\0|MM\0[*]", size=_size)
