"""A large AVIF picture as a grid: strips that are encoded one after another, and shown below one another.

aom takes some 36 bytes of memory a pixel: a gigabyte for 28 megapixels. ISO/IEC 23008-12, 6.6.2.3.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyvips

from processor.engine.codecs.containers.avif_boxes import FULL_BOX, box, boxes, located, locations

_HIDDEN = b"\2\0\0\1"
_SHOWN = b"\2\0\0\0"
"""The versions and flags of an item's entry."""
_ESSENTIAL = 0x80
_PRIMARY = 1
_LONG_SIDES = 1
"""The grid's flag for sides of four bytes."""


@dataclass(frozen=True, slots=True)
class _Tile:
    """An item of a strip's own file: its coded picture, and its properties, each with the mark of what is essential."""

    data: bytes
    properties: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class _Item:
    """An item of the whole file; its number is its place, from 1."""

    kind: bytes
    version: bytes
    """And flags, of its entry."""
    data: bytes
    properties: tuple[tuple[int, bytes], ...]


def encode_in_strips(image: pyvips.Image, rows: int, encode: Callable[[pyvips.Image], bytes]) -> bytes:
    """Return *image* as a grid of strips of so many *rows*, each of them encoded by *encode*."""
    count = -(-image.height // rows)
    whole = image.embed(0, 0, image.width, count * rows, extend="copy")
    layers: list[list[_Tile]] = []
    head = b""
    for number in range(count):
        strip = encode(whole.crop(0, number * rows, image.width, rows))
        head = dict(boxes(strip))[b"ftyp"]
        layers.append(_tiles(strip))
    return _file(head, list(zip(*layers, strict=True)), image.width, image.height)


def _tiles(avif: bytes) -> list[_Tile]:
    """Return the items of a file that libheif wrote: the colours, and the opacity where there is any."""
    meta = dict(boxes(dict(boxes(avif))[b"meta"][len(FULL_BOX) :]))
    iprp = dict(boxes(meta[b"iprp"]))
    properties = [box(kind, content) for kind, content in boxes(iprp[b"ipco"])]
    associations = _associations(iprp[b"ipma"])
    return [
        _Tile(
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


def _file(head: bytes, layers: list[tuple[_Tile, ...]], width: int, height: int) -> bytes:
    """Return a file whose first items are grids, of colours and of opacity, and whose others are the grids' strips."""
    strips = len(layers[0])
    size = box(b"ispe", FULL_BOX + struct.pack(">II", width, height))
    grid = struct.pack(">BBBBII", 0, _LONG_SIDES, strips - 1, 0, width, height)
    items = [_Item(b"grid\0", _SHOWN, grid, ((0, size), *_shared(tiles[0]))) for tiles in layers]
    items += [_Item(b"av01\0", _HIDDEN, tile.data, tile.properties) for tiles in layers for tile in tiles]
    references = [
        _reference(b"dimg", number, range(first, first + strips))
        for number, first in enumerate(range(len(layers) + 1, len(items), strips), start=1)
    ]
    references += [_reference(b"auxl", number, [_PRIMARY]) for number in range(2, len(layers) + 1)]
    inner = {
        b"hdlr": FULL_BOX * 2 + b"pict" + bytes(13),
        b"pitm": FULL_BOX + struct.pack(">H", _PRIMARY),
        b"iloc": b"",
        b"iinf": FULL_BOX + struct.pack(">H", len(items)) + b"".join(_entries(items)),
        b"iprp": _properties(items),
        b"iref": FULL_BOX + b"".join(references),
    }
    start, data = box(b"ftyp", head), [item.data for item in items]
    data_at = len(start) + len(_meta(inner, data, 0)) + 8
    return start + _meta(inner, data, data_at) + box(b"mdat", b"".join(data))


def _shared(tile: _Tile) -> Iterator[tuple[int, bytes]]:
    """Yield the properties of a strip that are its grid's as well."""
    return ((essential, one) for essential, one in tile.properties if one[4:8] not in {b"ispe", b"av1C"})


def _properties(items: list[_Item]) -> bytes:
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


def _entries(items: list[_Item]) -> Iterator[bytes]:
    for number, item in enumerate(items, start=1):
        yield box(b"infe", item.version + struct.pack(">HH", number, 0) + item.kind)


def _reference(kind: bytes, item: int, to: Iterable[int]) -> bytes:
    targets = list(to)
    return box(kind, struct.pack(f">HH{len(targets)}H", item, len(targets), *targets))
