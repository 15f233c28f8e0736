"""EXIF, changed where it lies: nothing moves, so that maker notes with offsets of their own stay readable.

A TIFF block: a header, and directories of entries that point to each other. CIPA DC-008, and TIFF 6.0.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from processor.engine.geometry.sizes import Size

_PREFIX = b"Exif\0\0"
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_ENTRY_BYTES = 12
_IN_THE_ENTRY = 4
"""So many bytes of a value stand in the entry itself, more of them where it points to."""
_BYTES_OF_TYPE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SHORT, _LONG = 3, 4
_LARGEST_SHORT = 0xFFFF

_ORIENTATION, _EXIF, _GPS, _INTEROPERABILITY = 0x0112, 0x8769, 0x8825, 0xA005
_COLOUR_SPACE, _SRGB = 0xA001, 1
_INTEROPERABILITY_INDEX = 0x0001
_WIDTHS = frozenset({0x0100, 0xA002, 0x1001})
_HEIGHTS = frozenset({0x0101, 0xA003, 0x1002})
"""ImageWidth, PixelXDimension, RelatedImageWidth; and the heights."""
_OF_OTHER_PIXELS = frozenset({
    0x00FE, 0x0102, 0x0103, 0x0106, 0x0111, 0x0115, 0x0116, 0x0117, 0x011C, 0x0142, 0x0143, 0x0144, 0x0145, 0x014A,
    0x0201, 0x0202, 0x02BC, 0x83BB, 0x8649, 0x8773, 0x9214, 0xA214,
})  # fmt: skip
"""How the original's pixels were stored, copies of other metadata, and places in the picture by its old size."""
_THUMBNAIL = ((0x0201, 0x0202), (0x0111, 0x0117))
"""Where it is and how long: of a JPEG, and of a single strip."""


@dataclass(frozen=True, slots=True)
class _Entry:
    at: int
    tag: int
    type: int
    count: int

    @property
    def byte_size(self) -> int:
        return _BYTES_OF_TYPE.get(self.type, 1) * self.count


def without_prefix(exif: bytes) -> bytes:
    """Return the TIFF block of EXIF that may begin as in a JPEG."""
    return exif.removeprefix(_PREFIX)


def update_exif(exif: bytes, size: Size, *, is_srgb: bool) -> bytes | None:
    """Return the TIFF block *exif* telling the truth of an upright picture of *size*; None where it cannot be read.

    Without its thumbnail, and without what is true of the original's pixels only.
    """
    order = _ORDERS.get(exif[:4])
    if order is None:
        return None
    block = _Block(bytearray(exif), order)
    try:
        return block.updated(size, is_srgb=is_srgb)
    except (struct.error, IndexError):
        return None


class _Block:
    """A TIFF block that is being changed; raises `struct.error` where it points outside of itself."""

    def __init__(self, content: bytearray, order: str) -> None:
        self._content = content
        self._order = order

    def updated(self, size: Size, *, is_srgb: bool) -> bytes:
        first = self._number("I", 4)
        self._drop_thumbnail(first)
        directories = [first, *self._below(first, _EXIF, _GPS)]
        directories += [found for place in directories[1:] for found in self._below(place, _INTEROPERABILITY)]
        for directory in directories:
            for entry in self._entries(directory):
                self._set_size(entry, size)
        for entry in self._entries(first):
            if entry.tag == _ORIENTATION:
                self._set(entry, 1)
        if is_srgb:
            self._say_srgb(directories)
        for directory in directories:
            self._remove_entries(directory)
        return bytes(self._content)

    def _below(self, directory: int, *tags: int) -> list[int]:
        return [self._number("I", entry.at + 8) for entry in self._entries(directory) if entry.tag in tags]

    def _set_size(self, entry: _Entry, size: Size) -> None:
        if entry.tag in _WIDTHS:
            self._set(entry, size.width)
        elif entry.tag in _HEIGHTS:
            self._set(entry, size.height)

    def _say_srgb(self, directories: list[int]) -> None:
        for directory in directories[1:]:
            for entry in self._entries(directory):
                if entry.tag == _COLOUR_SPACE:
                    self._set(entry, _SRGB)
                elif entry.tag == _INTEROPERABILITY_INDEX and self._content[entry.at + 8 : entry.at + 11] == b"R03":
                    self._content[entry.at + 8 : entry.at + 11] = b"R98"

    def _drop_thumbnail(self, first: int) -> None:
        """Forget the second directory, and what it points to; cut the block where nothing else follows."""
        link = first + 2 + _ENTRY_BYTES * self._number("H", first)
        second = self._number("I", link)
        if second == 0:
            return
        entries = {
            entry.tag: self._number("H" if entry.type == _SHORT else "I", entry.at + 8)
            for entry in self._entries(second)
        }
        for place, length in _THUMBNAIL:
            if place in entries and length in entries:
                self._erase(entries[place], entries[place] + entries[length])
        self._erase(second, second + 2 + _ENTRY_BYTES * len(entries) + 4)
        self._put("I", link, 0)

    def _erase(self, start: int, end: int) -> None:
        if not self._content[end:].strip(b"\0"):
            del self._content[start:]
        else:
            self._content[start:end] = bytes(end - start)

    def _remove_entries(self, directory: int) -> None:
        """Take what is true of other pixels, or lies outside, from *directory*; its other entries and link move up."""
        entries = list(self._entries(directory))
        kept = [entry for entry in entries if entry.tag not in _OF_OTHER_PIXELS and self._is_there(entry)]
        for entry in entries:
            if entry.tag in _OF_OTHER_PIXELS and entry.byte_size > _IN_THE_ENTRY:
                start = self._number("I", entry.at + 8)
                self._content[start : start + entry.byte_size] = bytes(
                    len(self._content[start : start + entry.byte_size])
                )
        end = directory + 2 + _ENTRY_BYTES * len(entries)
        link = self._content[end : end + 4]
        moved = b"".join(self._content[entry.at : entry.at + _ENTRY_BYTES] for entry in kept) + link
        self._put("H", directory, len(kept))
        self._content[directory + 2 : end + 4] = moved.ljust(end + 4 - directory - 2, b"\0")

    def _is_there(self, entry: _Entry) -> bool:
        """Say whether the value lies in the block: of EXIF in several segments only the first is read."""
        start = entry.at + 8 if entry.byte_size <= _IN_THE_ENTRY else self._number("I", entry.at + 8)
        return start + entry.byte_size <= len(self._content)

    def _entries(self, directory: int) -> Iterator[_Entry]:
        for number in range(self._number("H", directory)):
            at = directory + 2 + _ENTRY_BYTES * number
            tag, kind, count, _ = struct.unpack_from(f"{self._order}HHII", self._content, at)
            yield _Entry(at, tag, kind, count)

    def _set(self, entry: _Entry, number: int) -> None:
        if entry.type == _SHORT and number <= _LARGEST_SHORT:
            self._put("H", entry.at + 8, number)
        else:
            struct.pack_into(f"{self._order}HI", self._content, entry.at + 2, _LONG, 1)
            self._put("I", entry.at + 8, number)

    def _number(self, letter: str, at: int) -> int:
        number: int = struct.unpack_from(f"{self._order}{letter}", self._content, at)[0]
        return number

    def _put(self, letter: str, at: int, number: int) -> None:
        struct.pack_into(f"{self._order}{letter}", self._content, at, number)
