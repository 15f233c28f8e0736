"""The boxes of an AVIF file, and the list of where its items lie, as libheif writes it. ISO/IEC 14496-12."""

import struct
from collections.abc import Iterable, Iterator

FULL_BOX = b"\0\0\0\0"
"""A box's version and flags, where it has them."""
_LOCATIONS = b"\0\0\0\0\x44\x40"
"""How the list of items begins: numbers of four bytes, counted from a base in the file."""
_LOCATION = struct.Struct(">HHIHII")
_COUNT = struct.Struct(">H")

Location = tuple[int, int, int]
"""An item's number, where its content begins in the file, and its size."""


def box(kind: bytes, content: bytes) -> bytes:
    """Return a box."""
    return struct.pack(">I4s", len(content) + 8, kind) + content


def boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and the content of each box."""
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        end = at + size if size else len(content)
        yield kind, content[at + 8 : end]
        at = end


def locations(iloc: bytes) -> list[Location]:
    """Return where the items lie; raise `ValueError` for a list that neither we nor libheif wrote."""
    if not iloc.startswith(_LOCATIONS):
        message = "items are located in another way"
        raise ValueError(message)
    start = len(_LOCATIONS) + _COUNT.size
    return [(item, base + offset, size) for item, _, base, _, offset, size in _LOCATION.iter_unpack(iloc[start:])]


def located(places: Iterable[Location]) -> bytes:
    """Return the list of where the items lie."""
    entries = [_LOCATION.pack(item, 0, at, 1, 0, size) for item, at, size in places]
    return _LOCATIONS + _COUNT.pack(len(entries)) + b"".join(entries)
