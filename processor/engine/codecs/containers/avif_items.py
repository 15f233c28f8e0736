"""Puts metadata into an AVIF file as items beside the picture's. ISO/IEC 14496-12 and 23008-12.

libvips would write them too, but EXIF rewritten: with tags that the original never had, and maker notes moved.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from processor.engine.codecs.containers.avif_boxes import FULL_BOX, Location, box, boxes, located, locations
from processor.engine.metadata import Metadata

_COUNT = struct.Struct(">H")
_TIFF_FOLLOWS = b"\0\0\0\0"
"""EXIF's item begins with how far its TIFF header is away."""


class _Item(NamedTuple):
    number: int
    kind: bytes
    """With what follows it in the item's entry."""
    content: bytes


def add_metadata(avif: bytes, metadata: Metadata) -> bytes:
    """Return *avif*, a file of our own without metadata, with *metadata*; IPTC has no place in it."""
    outer = list(boxes(avif))
    meta = dict(outer)[b"meta"]
    inner = dict(boxes(meta[len(FULL_BOX) :]))
    places = locations(inner[b"iloc"])
    items = list(_items(metadata, first=1 + len(places)))
    if not items:
        return avif
    primary = inner[b"pitm"][len(FULL_BOX) :]
    inner[b"iinf"] = _listed(inner[b"iinf"], items)
    inner[b"iref"] = inner.get(b"iref", FULL_BOX) + b"".join(_describing(item, primary) for item in items)
    moved = len(_meta(inner, [*places, *((item.number, 0, 0) for item in items)])) - len(box(b"meta", meta))
    added = _places(items, len(avif) + moved + 8)
    whole = _meta(inner, [*((item, at + moved, size) for item, at, size in places), *added])
    data = box(b"mdat", b"".join(item.content for item in items))
    return b"".join(whole if kind == b"meta" else box(kind, content) for kind, content in outer) + data


def _items(metadata: Metadata, *, first: int) -> Iterator[_Item]:
    if metadata.exif:
        yield _Item(first, b"Exif\0", _TIFF_FOLLOWS + metadata.exif)
    if metadata.xmp:
        yield _Item(first + 1, b"mime\0application/rdf+xml\0", metadata.xmp)


def _listed(iinf: bytes, items: list[_Item]) -> bytes:
    entries = b"".join(box(b"infe", b"\2\0\0\0" + struct.pack(">HH", item.number, 0) + item.kind) for item in items)
    [count] = _COUNT.unpack_from(iinf, len(FULL_BOX))
    return FULL_BOX + _COUNT.pack(count + len(items)) + iinf[len(FULL_BOX) + _COUNT.size :] + entries


def _describing(item: _Item, primary: bytes) -> bytes:
    return box(b"cdsc", _COUNT.pack(item.number) + _COUNT.pack(1) + primary)


def _places(items: list[_Item], at: int) -> Iterator[Location]:
    for item in items:
        yield item.number, at, len(item.content)
        at += len(item.content)


def _meta(inner: dict[bytes, bytes], places: list[Location]) -> bytes:
    filled = {**inner, b"iloc": located(places)}
    return box(b"meta", FULL_BOX + b"".join(box(kind, content) for kind, content in filled.items()))
