"""A large AVIF picture as a grid: strips that are encoded one after another, and shown below one another.

aom takes some 36 bytes of memory a pixel: a gigabyte for 28 megapixels. ISO/IEC 23008-12, 6.6.2.3.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace

import pyvips

from processor.engine.codecs.containers.avif_boxes import FULL_BOX, box
from processor.engine.codecs.containers.avif_file import GRID, PRIMARY, Item, Reference, head_of, items_of, write_file

_LONG_SIDES = 1
"""The grid's flag for sides of four bytes."""


def encode_in_strips(image: pyvips.Image, rows: int, encode: Callable[[pyvips.Image], bytes]) -> bytes:
    """Return *image* as a grid of strips of so many *rows*, each of them encoded by *encode*."""
    count = -(-image.height // rows)
    whole = image.embed(0, 0, image.width, count * rows, extend="copy")
    layers: list[list[Item]] = []
    head = b""
    for number in range(count):
        strip = encode(whole.crop(0, number * rows, image.width, rows))
        head = head_of(strip)
        layers.append(items_of(strip))
    return _file(head, list(zip(*layers, strict=True)), image.width, image.height)


def _file(head: bytes, layers: list[tuple[Item, ...]], width: int, height: int) -> bytes:
    """Return a file whose first items are grids, of colours and of opacity, and whose others are the grids' strips."""
    strips = len(layers[0])
    size = box(b"ispe", FULL_BOX + struct.pack(">II", width, height))
    grid = struct.pack(">BBBBII", 0, _LONG_SIDES, strips - 1, 0, width, height)
    items = [Item(grid, ((0, size), *_shared(tiles[0])), GRID) for tiles in layers]
    items += [replace(tile, is_hidden=True) for tiles in layers for tile in tiles]
    references = [
        Reference(b"dimg", number, range(first, first + strips))
        for number, first in enumerate(range(len(layers) + 1, len(items), strips), start=1)
    ]
    references += [Reference(b"auxl", number, [PRIMARY]) for number in range(2, len(layers) + 1)]
    return write_file(head, items, references)


def _shared(tile: Item) -> Iterator[tuple[int, bytes]]:
    """Yield the properties of a strip that are its grid's as well."""
    return ((essential, one) for essential, one in tile.properties if one[4:8] not in {b"ispe", b"av1C"})
