"""The colours that an AV1 sequence header names (AV1 bitstream specification, 5.5)."""

from dataclasses import dataclass

_SEQUENCE_HEADER = 1
_UNSPECIFIED = 2
_SRGB_CODES = (1, 13, 0)
_SELECT = 2
_PROFILE_BITS = 3


@dataclass(frozen=True, slots=True)
class SequenceColours:
    """Codes of H.273, whether there is no colour at all, and whether numbers use their full range."""

    primaries: int
    transfer: int
    matrix: int
    is_monochrome: bool
    is_full_range: bool


class _Bits:
    def __init__(self, content: bytes) -> None:
        self._number = int.from_bytes(content, "big")
        self._left = 8 * len(content)

    @property
    def left(self) -> int:
        """How many bits follow."""
        return self._left

    def take(self, count: int = 1) -> int:
        """Return the next so many bits; raise `EOFError` where there are fewer."""
        self._left -= count
        if self._left < 0:
            raise EOFError
        return self._number >> self._left & ((1 << count) - 1)


def sequence_colours(obus: bytes) -> SequenceColours | None:
    """Return what the sequence header says that *obus* begin with; None where there is none that we understand."""
    try:
        bits = _open_sequence(obus)
        return None if bits is None else _colours(bits, profile=bits.take(_PROFILE_BITS))
    except EOFError:
        return None


def operating_points(obus: bytes) -> list[int]:
    """Return which layers the sequence header that *obus* begin with lets a decoder choose, one mask for each choice.

    Of the mask's twelve bits the upper four stand for spatial layers; 0 means all. Empty where nothing is understood.
    """
    try:
        bits = _open_sequence(obus)
        is_reduced = bits is None or bits.take(_PROFILE_BITS + 2) & 1
        return [] if bits is None or is_reduced else _operating_points(bits) or []
    except EOFError:
        return []


def with_largest_size(obus: bytes, width: int, height: int) -> bytes:
    """Return *obus*, a sequence header, with another largest size of its pictures; as it is if not understood."""
    try:
        bits = _open_sequence(obus)
        if bits is None:
            return obus
        bits.take(_PROFILE_BITS)
        if _skip_to_size(bits) is None:
            return obus
        width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
        bits.take(width_bits + height_bits)
    except EOFError:
        return obus
    mask = (1 << width_bits + height_bits) - 1 << bits.left
    size = (width - 1 << height_bits | height - 1) << bits.left
    return (int.from_bytes(obus, "big") & ~mask | size & mask).to_bytes(len(obus), "big")


def _open_sequence(obus: bytes) -> _Bits | None:
    """Return the sequence header that *obus* begin with, its profile first."""
    bits = _Bits(obus)
    bits.take()
    kind, has_extension, has_size = bits.take(4), bits.take(), bits.take()
    bits.take(1 + 8 * has_extension)
    if kind != _SEQUENCE_HEADER:
        return None
    while has_size and bits.take():  # the size, seven bits a byte
        bits.take(7)
    bits.take(7 * has_size)
    return bits


def _colours(bits: _Bits, *, profile: int) -> SequenceColours | None:
    is_reduced = _skip_to_size(bits)
    if is_reduced is None:
        return None
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    bits.take(width_bits + height_bits)
    if not is_reduced and bits.take():
        bits.take(7)
    bits.take(3)
    if not is_reduced:
        _skip_tools(bits)
    bits.take(3)
    return _colour_config(bits, profile)


def _skip_to_size(bits: _Bits) -> bool | None:
    """Skip to the size, and say whether the header is that of a still picture; None where it is not understood."""
    bits.take(1)
    is_reduced = bool(bits.take())
    if is_reduced:
        bits.take(5)
    elif _operating_points(bits) is None:
        return None
    return is_reduced


def _operating_points(bits: _Bits) -> list[int] | None:
    """Return which layers each operating point needs; None where times are told, which pictures have none of."""
    if bits.take():
        return None
    has_delay = bits.take()
    masks = []
    for _ in range(bits.take(5) + 1):
        masks.append(bits.take(12))
        if bits.take(5) > 7:  # noqa: PLR2004 - the levels that have a tier
            bits.take()
        if has_delay and bits.take():
            bits.take(4)
    return masks


def _skip_tools(bits: _Bits) -> None:
    bits.take(4)
    has_order_hint = bits.take()
    bits.take(2 * has_order_hint)
    screen_content = _SELECT if bits.take() else bits.take()
    if screen_content and not bits.take():
        bits.take()
    bits.take(3 * has_order_hint)


def _colour_config(bits: _Bits, profile: int) -> SequenceColours:
    is_high = bits.take()
    if profile == 2 and is_high:  # noqa: PLR2004 - the professional profile
        bits.take()
    is_monochrome = bool(profile != 1 and bits.take())
    codes = (bits.take(8), bits.take(8), bits.take(8)) if bits.take() else (_UNSPECIFIED,) * 3
    is_full = True if not is_monochrome and codes == _SRGB_CODES else bool(bits.take())
    return SequenceColours(*codes, is_monochrome, is_full)
