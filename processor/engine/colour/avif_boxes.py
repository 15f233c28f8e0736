"""What an AVIF's boxes say of the colours of its picture and of its transparency."""

import mmap
import struct
from dataclasses import dataclass, replace

from common.image_header import DamagedHeaderError
from common.image_header.avif import item_properties
from common.image_header.bounded_file import BoundedFile
from processor.engine.colour.av1 import SequenceColours, sequence_colours
from processor.engine.colour.spaces import ColourSpace, from_codes
from processor.engine.decoding.file_in_memory import FileInMemory

_CONFIGURATION_BYTES = 4
_NCLX = struct.Struct(">4sHHHB")
_ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"
_MONOCHROME = 0x10
_UNSPECIFIED = 2


@dataclass(frozen=True, slots=True)
class AvifColours:
    """The colours of the picture, and which of its bands libheif leaves in the range of studios, 16 to 235."""

    space: ColourSpace | None
    is_grey_limited: bool
    is_alpha_limited: bool


def colours_of_avif(content: bytes | mmap.mmap) -> AvifColours:
    """Return what the boxes say, and the pictures' own headers where those say nothing."""
    try:
        primary, others = item_properties(BoundedFile(FileInMemory(content)))
    except (DamagedHeaderError, struct.error):
        return AvifColours(None, is_grey_limited=False, is_alpha_limited=False)
    said = _said_of(primary)
    alphas = [_said_of(item) for item in others if any(aux.startswith(_ALPHA, 4) for aux in item.get(b"auxC", ()))]
    has_profile = any(colr[:4] in {b"prof", b"rICC"} for colr in primary.get(b"colr", ()))
    return AvifColours(
        None if said is None or has_profile else _space_of(said, next(iter(primary.get(b"clli", ())), b"")),
        is_grey_limited=said is not None and said.is_monochrome and not said.is_full_range,
        is_alpha_limited=any(alpha is not None and not alpha.is_full_range for alpha in alphas),
    )


def colour_of_avif(content: bytes | mmap.mmap) -> ColourSpace | None:
    """Return the space of an AVIF's numbers; None where it is sRGB or an ICC profile's."""
    return colours_of_avif(content).space


def _space_of(said: SequenceColours, clli: bytes) -> ColourSpace | None:
    space = from_codes(said.primaries, said.transfer)
    peak_nits = int.from_bytes(clli[:2], "big")
    return replace(space, peak_nits=peak_nits) if space is not None and peak_nits else space


def _said_of(properties: dict[bytes, list[bytes]]) -> SequenceColours | None:
    """Return what is said of an item's colours, by the container before the picture itself."""
    configuration = next(iter(properties.get(b"av1C", ())), b"")
    said = sequence_colours(configuration[_CONFIGURATION_BYTES:])
    nclx = next((colr for colr in properties.get(b"colr", ()) if colr[:4] == b"nclx" and len(colr) >= _NCLX.size), None)
    if nclx is None:
        return said
    _, primaries, transfer, matrix, range_flag = _NCLX.unpack_from(nclx)
    is_monochrome = bool(configuration[2:3] and configuration[2] & _MONOCHROME)
    in_container = SequenceColours(primaries, transfer, matrix, is_monochrome, bool(range_flag & 0x80))
    if said is not None and (primaries, transfer) == (_UNSPECIFIED, _UNSPECIFIED):
        return replace(in_container, primaries=said.primaries, transfer=said.transfer)
    return in_container
