"""Leaves the layers of an AVIF that its boxes ask for: libheif shows the largest of all.

A file may hold a picture in several sizes or qualities; `a1op` chooses among them, `lsel` ends at one of them.
https://aomediacodec.github.io/av1-avif/#layered-items
"""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from common.image_header import DamagedHeaderError
from common.image_header.avif import Properties, properties_by_item
from common.image_header.avif_extents import Extent, extents_of_items
from common.image_header.bounded_file import BoundedFile
from processor.engine.colour.av1 import operating_points, with_largest_size
from processor.engine.decoding.file_in_memory import FileInMemory

_SEQUENCE_HEADER, _TEMPORAL_DELIMITER, _RESERVED = 1, 2, 14
"""The last kind has no meaning: decoders skip it, while they check what padding holds."""
_KIND_BITS = 0b0111_1000
_SIZE = struct.Struct(">4xII")
_EVERY_LAYER = 0xFFFF
_MOST_UNITS = 4096
"""A picture has a few for each layer."""
_LONGEST_SIZE = 8
_LONGEST_SEQUENCE_HEADER = 256


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The operating point, the last of the spatial layers, and the size that they have."""

    point: int
    last_layer: int
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Unit:
    """One of AV1's units: where it begins and ends, and the layer that it belongs to, if to any."""

    at: int
    end: int
    kind: int
    layer: tuple[int, int] | None
    """Temporal and spatial."""


def leave_wanted_layers(content: bytes | mmap.mmap) -> bytes | mmap.mmap:
    """Return the AVIF file *content* with the units of all other layers renamed to what decoders skip."""
    try:
        file = BoundedFile(FileInMemory(content))
        _, items = properties_by_item(file)
        chosen = {item: wanted for item, properties in items.items() if (wanted := _wanted_of(properties))}
        extents = extents_of_items(file) if chosen else {}
    except (DamagedHeaderError, struct.error):
        return content
    changes = [change for item, wanted in chosen.items() for change in _changes(content, extents.get(item, []), wanted)]
    return _changed(content, changes)


def _wanted_of(properties: Properties) -> _Wanted | None:
    """Return what an item's properties choose; None where that is every layer."""
    point = int.from_bytes(next(iter(properties.get(b"a1op", ())), b""), "big")
    last_layer = int.from_bytes(next(iter(properties.get(b"lsel", ())), b"\xff\xff"), "big")
    if not (point or last_layer != _EVERY_LAYER):
        return None
    return _Wanted(point, last_layer, _SIZE.unpack(properties.get(b"ispe", [bytes(_SIZE.size)])[0].ljust(_SIZE.size)))


def _changes(content: bytes | mmap.mmap, extents: list[Extent], wanted: _Wanted) -> Iterator[tuple[int, int]]:
    """Yield the places in the file, and the bytes there, by which only the layers that are *wanted* are left.

    libheif refuses pictures whose sequence may have larger ones than the boxes say.
    """
    data = b"".join(content[at : at + size] for at, size in extents)
    mask = 0
    for unit in _units(data):
        if unit.kind == _SEQUENCE_HEADER:
            header = data[unit.at : min(unit.end, unit.at + _LONGEST_SEQUENCE_HEADER)]
            masks = operating_points(header)
            mask = masks[wanted.point] if wanted.point < len(masks) else 0
            for offset, byte in enumerate(with_largest_size(header, *wanted.size)):
                yield _place_in_file(extents, unit.at + offset), byte
        elif unit.layer is not None and unit.kind != _TEMPORAL_DELIMITER and _is_unwanted(unit.layer, mask, wanted):
            yield _place_in_file(extents, unit.at), data[unit.at] & ~_KIND_BITS | _RESERVED << 3


def _is_unwanted(layer: tuple[int, int], mask: int, wanted: _Wanted) -> bool:
    temporal, spatial = layer
    return spatial > wanted.last_layer or (mask != 0 and not (mask >> temporal & 1 and mask >> 8 + spatial & 1))


def _units(data: bytes) -> Iterator[_Unit]:
    """Yield the units of *data*, up to what makes no sense."""
    at = 0
    for _ in range(_MOST_UNITS):
        if at + 2 > len(data):
            return
        head = data[at]
        has_extension, has_size = head >> 2 & 1, head >> 1 & 1
        extension = data[at + 1]
        start = at + 1 + has_extension
        end = _end_of(data, start) if has_size else len(data)
        if end is None or end > len(data):
            return
        yield _Unit(at, end, head >> 3 & 0xF, (extension >> 5, extension >> 3 & 3) if has_extension else None)
        at = end


def _end_of(data: bytes, at: int) -> int | None:
    """Return where the unit ends whose size lies *at* that place, seven bits a byte."""
    size = 0
    for place, byte in enumerate(data[at : at + _LONGEST_SIZE]):
        size |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            return at + place + 1 + size
    return None


def _place_in_file(extents: list[Extent], offset: int) -> int:
    for at, size in extents:
        if offset < size:
            return at + offset
        offset -= size
    raise IndexError(offset)


def _changed(content: bytes | mmap.mmap, changes: list[tuple[int, int]]) -> bytes | mmap.mmap:
    if not changes:
        return content
    changed = bytearray(content[:])
    for at, byte in changes:
        changed[at] = byte
    return bytes(changed)
