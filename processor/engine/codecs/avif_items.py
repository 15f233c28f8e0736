"""Puts metadata into an AVIF file as items beside the picture's. ISO/IEC 14496-12 and 23008-12.

libvips would write them too, but EXIF rewritten: with tags that the original never had, and maker notes moved.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from processor.engine.metadata import Metadata

_FULL_BOX = b"\0\0\0\0"
_LOCATIONS = b"\0\0\0\0\x44\x40"
"""How libheif begins the list of where items lie: numbers of four bytes, offsets from the file's start."""
_LOCATION = struct.Struct(">HHIHII")
_COUNT = struct.Struct(">H")
_TIFF_FOLLOWS = b"\0\0\0\0"
"""EXIF's item begins with how far its TIFF header is away."""


class _Item(NamedTuple):
    number: int
    kind: bytes
    """With what follows it in the item's entry."""
    content: bytes


def add_metadata(avif: bytes, metadata: Metadata) -> bytes:
    """Return *avif*, a file that libheif wrote without metadata, with *metadata*; IPTC has no place in it."""
    boxes = list(_boxes(avif))
    inner = dict(_boxes(dict(boxes)[b"meta"][len(_FULL_BOX) :]))
    if not inner[b"iloc"].startswith(_LOCATIONS):
        return avif
    items = list(_items(metadata, first=1 + _COUNT.unpack_from(inner[b"iloc"], len(_LOCATIONS))[0]))
    if not items:
        return avif
    primary = inner[b"pitm"][len(_FULL_BOX) :]
    inner[b"iinf"] = _listed(inner[b"iinf"], items)
    inner[b"iref"] = inner.get(b"iref", _FULL_BOX) + b"".join(_describing(item, primary) for item in items)
    growth = len(items) * _LOCATION.size
    bare = _meta({**inner, b"iloc": inner[b"iloc"] + bytes(growth)})
    moved = len(bare) - len(_box(b"meta", dict(boxes)[b"meta"]))
    inner[b"iloc"] = _located(inner[b"iloc"], items, moved, len(avif) + moved + 8)
    data = _box(b"mdat", b"".join(item.content for item in items))
    return b"".join(_meta(inner) if kind == b"meta" else _box(kind, content) for kind, content in boxes) + data


def _items(metadata: Metadata, *, first: int) -> Iterator[_Item]:
    if metadata.exif:
        yield _Item(first, b"Exif\0", _TIFF_FOLLOWS + metadata.exif)
    if metadata.xmp:
        yield _Item(first + 1, b"mime\0application/rdf+xml\0", metadata.xmp)


def _listed(iinf: bytes, items: list[_Item]) -> bytes:
    entries = b"".join(_box(b"infe", b"\2\0\0\0" + struct.pack(">HH", item.number, 0) + item.kind) for item in items)
    [count] = _COUNT.unpack_from(iinf, len(_FULL_BOX))
    return _FULL_BOX + _COUNT.pack(count + len(items)) + iinf[len(_FULL_BOX) + _COUNT.size :] + entries


def _describing(item: _Item, primary: bytes) -> bytes:
    return _box(b"cdsc", _COUNT.pack(item.number) + _COUNT.pack(1) + primary)


def _located(iloc: bytes, items: list[_Item], moved: int, data_at: int) -> bytes:
    """Return where everything lies, now that the picture's data *moved*, and the *items*' follows at *data_at*."""
    [count] = _COUNT.unpack_from(iloc, len(_LOCATIONS))
    start = len(_LOCATIONS) + _COUNT.size
    found = [list(place) for place in _LOCATION.iter_unpack(iloc[start : start + count * _LOCATION.size])]
    for place in found:
        place[2] += moved
    for item in items:
        found.append([item.number, 0, data_at, 1, 0, len(item.content)])
        data_at += len(item.content)
    return _LOCATIONS + _COUNT.pack(len(found)) + b"".join(_LOCATION.pack(*place) for place in found)


def _meta(inner: dict[bytes, bytes]) -> bytes:
    return _box(b"meta", _FULL_BOX + b"".join(_box(kind, content) for kind, content in inner.items()))


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and the content of each box."""
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        end = at + size if size else len(content)
        yield kind, content[at + 8 : end]
        at = end
