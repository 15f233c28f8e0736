"""Writes a colour space as an ICC profile, so that one colour management does all."""

import struct
from collections.abc import Sequence
from functools import cache

from processor.engine.colour.matrices import to_xyz_d50
from processor.engine.colour.spaces import ColourSpace, transfer_of

_CURVE_POINTS = 4096
_D50 = (0.9642, 1.0, 0.8249)


@cache
def profile_of(space: ColourSpace, *, is_grey: bool) -> bytes:
    """Return the profile of *space*, or that of its grey."""
    curve = _curve(space)
    tags = [(b"desc", _description()), (b"cprt", _text(b"none")), (b"wtpt", _xyz(_D50))]
    if is_grey:
        tags.append((b"kTRC", curve))
    else:
        columns = zip(*to_xyz_d50(space.primaries), strict=True)
        tags += [(name, _xyz(column)) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)]
        tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    return _assemble(tags, b"GRAY" if is_grey else b"RGB ")


def _assemble(tags: Sequence[tuple[bytes, bytes]], space: bytes) -> bytes:
    at = 128 + 4 + 12 * len(tags)
    table, content = struct.pack(">L", len(tags)), b""
    for name, tag in tags:
        table += struct.pack(">4sLL", name, at + len(content), len(tag))
        content += tag
    size = at + len(content)
    head = struct.pack(">L4xL4s4s4s12x4s24x", size, 0x02400000, b"mntr", space, b"XYZ ", b"acsp")
    head += b"".join(_fixed(number) for number in _D50)
    return head.ljust(128, b"\0") + table + content


def _curve(space: ColourSpace) -> bytes:
    light = transfer_of(space)
    points = [light(place / (_CURVE_POINTS - 1)) for place in range(_CURVE_POINTS)]
    numbers = [min(65535, max(0, round(point * 65535))) for point in points]
    return struct.pack(f">4s4xL{_CURVE_POINTS}H", b"curv", _CURVE_POINTS, *numbers)


def _xyz(numbers: Sequence[float]) -> bytes:
    return struct.pack(">4s4x", b"XYZ ") + b"".join(_fixed(number) for number in numbers)


def _fixed(number: float) -> bytes:
    return struct.pack(">l", round(number * 65536))


def _text(text: bytes) -> bytes:
    return (struct.pack(">4s4x", b"text") + text + b"\0").ljust(16, b"\0")


def _description() -> bytes:
    return struct.pack(">4s4xL", b"desc", 1) + bytes(84)
