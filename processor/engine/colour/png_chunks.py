"""The colours that a PNG's chunks name, in the specification's order: cICP, iCCP, sRGB, gAMA and cHRM."""

import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace

import pyvips

from processor.engine.colour.describing import PROFILE
from processor.engine.colour.matrices import to_xyz_d50
from processor.engine.colour.spaces import POWER, SRGB, SRGB_PRIMARIES, ColourSpace, Primaries, from_codes

_FIRST_CHUNK = 8
_MOST_CHUNKS = 1000
_FIXED = 100_000
"""What gAMA and cHRM are multiplied by."""
_SRGB_GAMMA = 45455
_LIKE_SRGB = 500
"""A gAMA so near sRGB's, a hundredth, means sRGB, as decoders have it."""
_CICP_BYTES, _CHRM_BYTES, _CLLI_BYTES = 4, 32, 8
_PROFILE_CHUNK, _LARGEST_PROFILE_BYTES = b"iCCP", 4 * 1024 * 1024
"""Compressed, a profile is read no further: it may be a bomb."""
_NITS = 10_000
"""What cLLI counts a candela in."""


def colour_of_png(content: bytes | mmap.mmap) -> ColourSpace | None:
    """Return the space of a PNG's numbers; None where it is sRGB or an ICC profile's."""
    chunks = dict(_chunks(content))
    cicp = chunks.get(b"cICP", b"")
    if len(cicp) == _CICP_BYTES:
        space = from_codes(cicp[0], cicp[1]) or ColourSpace(SRGB_PRIMARIES, SRGB)
        clli = chunks.get(b"cLLI", b"")
        return replace(space, peak_nits=struct.unpack(">LL", clli)[0] / _NITS) if len(clli) == _CLLI_BYTES else space
    if chunks.keys() & {_PROFILE_CHUNK, b"sRGB"}:
        return None
    return _measured(chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b""))


def restore_profile(image: pyvips.Image, content: bytes | mmap.mmap) -> pyvips.Image:
    """Return *image* with the colour profile that the PNG file *content* has.

    libpng drops profiles for trifles, such as the rendering intent of 2**24 that Photoshop gave to those of grey.
    """
    profile = None if image.get_typeof(PROFILE) else _profile_in(content)
    if profile is None:
        return image
    image = image.copy()
    image.set_type(pyvips.GValue.blob_type, PROFILE, profile)
    return image


def _profile_in(content: bytes | mmap.mmap) -> bytes | None:
    _, _, compressed = dict(_chunks(content)).get(_PROFILE_CHUNK, b"").partition(b"\0")
    try:
        return zlib.decompressobj().decompress(compressed[1:], _LARGEST_PROFILE_BYTES) or None
    except zlib.error:
        return None


def _measured(gama: bytes, chrm: bytes) -> ColourSpace | None:
    primaries = _primaries(chrm) or SRGB_PRIMARIES
    gamma = int.from_bytes(gama, "big") if len(gama) == struct.calcsize(">L") else 0
    if gamma == 0 or abs(gamma - _SRGB_GAMMA) <= _LIKE_SRGB:
        space = ColourSpace(primaries, SRGB)
    else:
        space = ColourSpace(primaries, POWER, gamma=_FIXED / gamma)
    return None if space.is_srgb else space


def _primaries(chrm: bytes) -> Primaries | None:
    """Return what cHRM says; None where it is nonsense."""
    if len(chrm) != _CHRM_BYTES:
        return None
    white_x, white_y, *corners = (number / _FIXED for number in struct.unpack(">8L", chrm))
    red, green, blue = zip(corners[::2], corners[1::2], strict=True)
    primaries = Primaries(red, green, blue, (white_x, white_y))
    rounded = [round(number, 3) for number in (*red, *green, *blue, white_x, white_y)]
    srgb = SRGB_PRIMARIES
    if all(abs(a - b) < 0.002 for a, b in zip(rounded, (*srgb.red, *srgb.green, *srgb.blue, *srgb.white), strict=True)):  # noqa: PLR2004
        return srgb
    try:
        to_xyz_d50(primaries)
    except ZeroDivisionError:
        return None
    return primaries


def _chunks(content: bytes | mmap.mmap) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks before the pixels, but for large ones that are no profile, which are yielded empty."""
    at = _FIRST_CHUNK
    for _ in range(_MOST_CHUNKS):
        head = content[at : at + 8]
        if len(head) < 8 or head[4:] == b"IDAT":  # noqa: PLR2004 - a chunk's head
            return
        length = int.from_bytes(head[:4], "big")
        largest = _LARGEST_PROFILE_BYTES if head[4:] == _PROFILE_CHUNK else _CHRM_BYTES
        yield head[4:], content[at + 8 : at + 8 + length] if length <= largest else b""
        at += 12 + length
