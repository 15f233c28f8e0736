"""Where the content of an AVIF's items lies in the file (ISO/IEC 14496-12, 8.11.3)."""

import struct
from collections.abc import Iterator

from common.image_header.avif import meta_boxes, read_number
from common.image_header.bounded_file import BoundedFile

Extent = tuple[int, int]
"""Where a part of an item begins in the file, and how long it is."""
_IN_FILE, _IN_META = 0, 1


def extents_of_items(file: BoundedFile) -> dict[int, list[Extent]]:
    """Return the parts of each item, in order, that the file itself holds."""
    boxes = meta_boxes(file)
    if b"iloc" not in boxes:
        return {}
    inside = boxes[b"idat"].start if b"idat" in boxes else 0
    return {
        item: [(at + (inside if method == _IN_META else 0), size) for at, size in extents]
        for item, method, extents in _entries(file, boxes[b"iloc"].start)
        if method == _IN_FILE or (method == _IN_META and inside)
    }


def _entries(file: BoundedFile, at: int) -> Iterator[tuple[int, int, list[Extent]]]:
    """Yield each item, the way in which it is located, and its parts."""
    file.seek(at)
    version, sizes = struct.unpack(">BxxxH", file.exactly(6))
    offset_bytes, length_bytes, base_bytes, index_bytes = (sizes >> shift & 0xF for shift in (12, 8, 4, 0))
    number_bytes = 4 if version == 2 else 2  # noqa: PLR2004 - the version with long numbers
    for _ in range(read_number(file, number_bytes)):
        item = read_number(file, number_bytes)
        method = read_number(file, 2) & 0xF if version else _IN_FILE
        file.exactly(2)
        base, count = read_number(file, base_bytes), read_number(file, 2)
        extents = []
        for _ in range(count):
            file.exactly(index_bytes if version else 0)
            extents.append((base + read_number(file, offset_bytes), read_number(file, length_bytes)))
        yield item, method, extents
