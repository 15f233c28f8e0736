"""Writes an AVIF file of items, and takes them out of the small files that libheif writes. ISO/IEC 23008-12."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from processor.engine.codecs.containers.avif_boxes import FULL_BOX, box, boxes, located, locations

PRIMARY = 1
"""The item that is shown."""
CODED, GRID = b"av01\0", b"grid\0"
"""An item's kind, and its name, which is empty."""
_HIDDEN = b"\2\0\0\1"
_SHOWN = b"\2\0\0\0"
"""The versions and flags of an item's entry."""
_ESSENTIAL = 0x80


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a file, and its properties, each with the mark of what is essential."""

    data: bytes
    properties: tuple[tuple[int, bytes], ...]
    kind: bytes = CODED
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """That the item of one number, which is its place from 1, refers to others."""

    kind: bytes
    item: int
    to: Iterable[int]


def head_of(avif: bytes) -> bytes:
    """Return the brands of the file *avif*."""
    return dict(boxes(avif))[b"ftyp"]


def items_of(avif: bytes) -> list[Item]:
    """Return the coded pictures of a file that libheif or we wrote: the colours, and the opacity if there is any."""
    meta = dict(boxes(dict(boxes(avif))[b"meta"][len(FULL_BOX) :]))
    iprp = dict(boxes(meta[b"iprp"]))
    properties = [box(kind, content) for kind, content in boxes(iprp[b"ipco"])]
    associations = _associations(iprp[b"ipma"])
    return [
        Item(
            avif[at : at + size],
            tuple((mark & _ESSENTIAL, properties[(mark & 0x7F) - 1]) for mark in associations[item]),
        )
        for item, at, size in locations(meta[b"iloc"])
    ]


def _associations(ipma: bytes) -> dict[int, bytes]:
    """Return the marks of each item: the places of its properties, from 1, with the bit of what is essential."""
    found, at = {}, len(FULL_BOX) + 4
    while at < len(ipma):
        item, count = struct.unpack_from(">HB", ipma, at)
        found[item] = ipma[at + 3 : at + 3 + count]
        at += 3 + count
    return found


def write_file(head: bytes, items: list[Item], references: Iterable[Reference]) -> bytes:
    """Return the file of *items*, the first of which is shown, with the brands of *head*."""
    inner = {
        b"hdlr": FULL_BOX * 2 + b"pict" + bytes(13),
        b"pitm": FULL_BOX + struct.pack(">H", PRIMARY),
        b"iloc": b"",
        b"iinf": FULL_BOX + struct.pack(">H", len(items)) + b"".join(_entries(items)),
        b"iprp": _properties(items),
        b"iref": FULL_BOX + b"".join(map(_written, references)),
    }
    start, data = box(b"ftyp", head), [item.data for item in items]
    data_at = len(start) + len(_meta(inner, data, 0)) + 8
    return start + _meta(inner, data, data_at) + box(b"mdat", b"".join(data))


def _properties(items: list[Item]) -> bytes:
    """Return the list of all properties, each once, and of whose they are."""
    known = list(dict.fromkeys(one for item in items for _, one in item.properties))
    places = {one: place for place, one in enumerate(known, start=1)}
    associations = b"".join(
        struct.pack(">HB", number, len(item.properties))
        + bytes(essential | places[one] for essential, one in item.properties)
        for number, item in enumerate(items, start=1)
    )
    count = struct.pack(">I", len(items))
    return box(b"ipco", b"".join(known)) + box(b"ipma", FULL_BOX + count + associations)


def _meta(inner: dict[bytes, bytes], data: list[bytes], data_at: int) -> bytes:
    sizes = [len(one) for one in data]
    places = [(item, data_at + sum(sizes[: item - 1]), size) for item, size in enumerate(sizes, start=1)]
    filled = {**inner, b"iloc": located(places)}
    return box(b"meta", FULL_BOX + b"".join(box(kind, content) for kind, content in filled.items()))


def _entries(items: list[Item]) -> Iterator[bytes]:
    for number, item in enumerate(items, start=1):
        version = _HIDDEN if item.is_hidden else _SHOWN
        yield box(b"infe", version + struct.pack(">HH", number, 0) + item.kind)


def _written(reference: Reference) -> bytes:
    targets = list(reference.to)
    content = struct.pack(f">HH{len(targets)}H", reference.item, len(targets), *targets)
    return box(reference.kind, content)
