"""The size of an AVIF's primary picture, out of the boxes that describe it (ISO/IEC 14496-12 and 23008-12).

Not imagesize: version 2.0 cannot read a file whose picture is to be turned, for it expects a longer `irot` box.
"""

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

from common.image_header.bounded_file import BoundedFile
from common.image_header.reader import UNREAD, HeaderReader, Size

_VERSION_AND_FLAGS_BYTES = 4
_LARGEST_PROPERTY = 256
_KIND_BYTES = 4


class Box(NamedTuple):
    """A box's kind, and where its content lies."""

    kind: bytes
    start: int
    end: int


def _size(file: BoundedFile) -> Size:
    """Return width and height as stored, before any turn or crop."""
    inner = meta_boxes(file)
    if not inner.keys() >= {b"pitm", b"iprp"}:
        return UNREAD
    primary = _primary_item(file, inner[b"pitm"])
    return _size_of(file, primary, list(boxes_in(file, inner[b"iprp"].start, inner[b"iprp"].end)))


def meta_boxes(file: BoundedFile) -> dict[bytes, Box]:
    """Return the boxes that describe the items; none where the file has no such."""
    meta = next((box for box in boxes_in(file, 0, file.seek(0, os.SEEK_END)) if box.kind == b"meta"), None)
    return {box.kind: box for box in boxes_in(file, meta.start + _VERSION_AND_FLAGS_BYTES, meta.end)} if meta else {}


def _primary_item(file: BoundedFile, pitm: Box) -> int:
    file.seek(pitm.start)
    version = file.exactly(_VERSION_AND_FLAGS_BYTES)[0]
    return read_number(file, 2 if version == 0 else 4)


def _size_of(file: BoundedFile, item: int, iprp: list[Box]) -> Size:
    """Return the size among *item*'s properties: `ipco` lists everybody's, `ipma` tells whose they are."""
    properties = [box for ipco in iprp if ipco.kind == b"ipco" for box in boxes_in(file, ipco.start, ipco.end)]
    places = [place for ipma in iprp if ipma.kind == b"ipma" for place in _places(file, ipma, item)]
    for place in places:
        if 1 <= place <= len(properties) and properties[place - 1].kind == b"ispe":
            file.seek(properties[place - 1].start + _VERSION_AND_FLAGS_BYTES)
            return read_number(file, 4), read_number(file, 4)
    return UNREAD


def _places(file: BoundedFile, ipma: Box, item: int) -> tuple[int, ...]:
    """Return the places, from 1, of *item*'s properties."""
    return next((places for found, places in _entries(file, ipma) if found == item), ())


def _entries(file: BoundedFile, ipma: Box) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield each item with the places, from 1, of its properties."""
    file.seek(ipma.start)
    version, flags, entries = struct.unpack(">BxHL", file.exactly(8))
    letter, mask = ("H", 0x7FFF) if flags & 1 else ("B", 0x7F)
    for _ in range(entries):
        found, count = read_number(file, 2 if version == 0 else 4), read_number(file, 1)
        places = struct.Struct(f">{count}{letter}")
        yield found, tuple(place & mask for place in places.unpack(file.exactly(places.size)))


def boxes_in(file: BoundedFile, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes from *start* on, up to one that makes no sense or reaches beyond *end*."""
    while start + 8 <= end:
        file.seek(start)
        size, kind = struct.unpack(">L4s", file.exactly(8))
        header_bytes = 8
        if size == 1:
            size, header_bytes = read_number(file, 8), 16
        elif size == 0:
            size = end - start
        if not header_bytes <= size <= end - start:
            return
        yield Box(kind, start + header_bytes, start + size)
        start += size


def read_number(file: BoundedFile, size: int) -> int:
    """Return the number in the next *size* bytes."""
    return int.from_bytes(file.exactly(size))


Properties = dict[bytes, list[bytes]]
"""The content of an item's properties by their kind."""


def item_properties(file: BoundedFile) -> tuple[Properties, list[Properties]]:
    """Return the properties of the primary item, and those of each other; empty where the boxes do not tell."""
    primary, items = properties_by_item(file)
    shown = items.pop(primary, {})
    return shown, list(items.values())


def properties_by_item(file: BoundedFile) -> tuple[int, dict[int, Properties]]:
    """Return the number of the primary item, and the properties of each; none where the boxes do not tell."""
    inner = meta_boxes(file)
    if not inner.keys() >= {b"pitm", b"iprp"}:
        return 0, {}
    primary = _primary_item(file, inner[b"pitm"])
    iprp = list(boxes_in(file, inner[b"iprp"].start, inner[b"iprp"].end))
    boxes = [box for ipco in iprp if ipco.kind == b"ipco" for box in boxes_in(file, ipco.start, ipco.end)]
    places = dict(entry for ipma in iprp if ipma.kind == b"ipma" for entry in _entries(file, ipma))
    return primary, {item: _content(file, boxes, places[item]) for item in places}


def _content(file: BoundedFile, boxes: list[Box], places: tuple[int, ...]) -> Properties:
    properties: Properties = {}
    for place in places:
        if 1 <= place <= len(boxes) and boxes[place - 1].end - boxes[place - 1].start <= _LARGEST_PROPERTY:
            box = boxes[place - 1]
            file.seek(box.start)
            properties.setdefault(box.kind, []).append(file.exactly(box.end - box.start))
        elif 1 <= place <= len(boxes):  # a profile, of which its kind is enough
            box = boxes[place - 1]
            file.seek(box.start)
            properties.setdefault(box.kind, []).append(file.exactly(_KIND_BYTES))
    return properties


READER = HeaderReader(
    # A general brand: the compatible ones, after the minor version, tell the codec.
    signature=rb"....ftypavi[fs]|....ftyp(?:mif1|msf1|miaf).{4}(?:.{4}){0,15}?avi[fs]",
    size=_size,
)
