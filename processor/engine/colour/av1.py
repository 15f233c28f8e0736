"""The colours that an AV1 sequence header names (AV1 bitstream specification, 5.5)."""

from dataclasses import dataclass

_SEQUENCE_HEADER = 1
_UNSPECIFIED = 2
_SRGB_CODES = (1, 13, 0)
_SELECT = 2


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

    def take(self, count: int = 1) -> int:
        """Return the next so many bits; raise `EOFError` where there are fewer."""
        self._left -= count
        if self._left < 0:
            raise EOFError
        return self._number >> self._left & ((1 << count) - 1)


def sequence_colours(obus: bytes) -> SequenceColours | None:
    """Return what the sequence header says that *obus* begin with; None where there is none that we understand."""
    try:
        bits = _Bits(obus)
        bits.take()
        kind, has_extension, has_size = bits.take(4), bits.take(), bits.take()
        bits.take(1 + 8 * has_extension)
        if kind != _SEQUENCE_HEADER:
            return None
        while has_size and bits.take():  # the size, seven bits a byte
            bits.take(7)
        bits.take(7 * has_size)
        return _colours(bits, profile=bits.take(3))
    except EOFError:
        return None


def _colours(bits: _Bits, *, profile: int) -> SequenceColours | None:
    bits.take()
    is_reduced = bits.take()
    if is_reduced:
        bits.take(5)
    elif not _skip_operating_points(bits):
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


def _skip_operating_points(bits: _Bits) -> bool:
    """Skip what a sequence of pictures needs; say whether it is understood."""
    if bits.take():  # timing, which pictures have none of
        return False
    has_delay = bits.take()
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:  # noqa: PLR2004 - the levels that have a tier
            bits.take()
        if has_delay and bits.take():
            bits.take(4)
    return True


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
