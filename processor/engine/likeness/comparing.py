"""Compares a variant with its original, and says what is wrong with it."""

from collections.abc import Iterable
from statistics import StatisticsError, correlation

from processor.engine import EncodedVariant, EngineError
from processor.engine.codecs.registry import CODECS, writer_of
from processor.engine.decoding.header import Header
from processor.engine.decoding.original import Original
from processor.engine.geometry.sizes import Size
from processor.engine.likeness.small_copy import SmallCopy, grid_of

_FARTHEST, _FARTHEST_CONVERTED = 32, 128
"""The most that areas may differ by on the average: encoders at quality 1, and what colour management may do."""
_CLEAR_EXTENT, _LEAST_KEPT = 32, 1 / 8
"""How far apart a picture's areas must be in one of its colours, and how much of that must be left."""
_LEAST_CORRELATION = 0.5
"""In the colour that comes closest: tone mapping and profiles bend the others."""
_FEWEST_PIXELS = 64
"""Fewer depend on how a decoder shrinks: nothing can be told from them."""


class UnlikeOriginalError(EngineError):
    """A variant does not show what its original does: a defect of ours, never of the image."""


class Likeness:
    """Compares variants of one original with it."""

    def __init__(self, original: Original, header: Header) -> None:
        self._original = original
        self._header = header
        self._copies: dict[Size, SmallCopy] = {}

    def copy_original(self, sizes: Iterable[Size]) -> None:
        """Take what variants of *sizes* are compared with, before other pictures are in memory; or `pyvips.Error`."""
        for size in sizes:
            self._copy_for(size)

    @property
    def is_copied(self) -> bool:
        """Say whether the original has been copied for comparison."""
        return bool(self._copies)

    def check(self, variant: EncodedVariant) -> None:
        """Raise `UnlikeOriginalError` where *variant* shows something else; `pyvips.Error` where it cannot be read."""
        size = Size(variant.width, variant.height)
        if size.width * size.height < _FEWEST_PIXELS:
            return
        copy = SmallCopy.of(variant.content, CODECS[variant.format].loader, grid_of(size))
        keeps_alpha = writer_of(variant.format).keeps_alpha
        fault = find_fault(self._copy_for(size), copy, keeps_alpha=keeps_alpha, is_converted=self._is_converted(size))
        if fault:
            message = f"the {variant.format} of {size.width} x {size.height} that was made does not show it: {fault}"
            raise UnlikeOriginalError(message)

    def _copy_for(self, size: Size) -> SmallCopy:
        grid = grid_of(size)
        if grid not in self._copies:
            loader = CODECS[self._header.format].loader
            self._copies[grid] = SmallCopy.of(self._original.content, loader, grid)
        return self._copies[grid]

    def _is_converted(self, size: Size) -> bool:
        return not (self._header.is_usual and self._copy_for(size).is_srgb)


def find_fault(original: SmallCopy, variant: SmallCopy, *, keeps_alpha: bool, is_converted: bool) -> str | None:
    """Return what is wrong with *variant*, None where it is like *original*."""
    if keeps_alpha and _distance(original.opacity, variant.opacity) > _FARTHEST:
        return "its transparency differs"
    if _distance(original.colours, variant.colours) > (_FARTHEST_CONVERTED if is_converted else _FARTHEST):
        return "its colours differ"
    extent = _extent(original)
    if extent < _CLEAR_EXTENT:
        return None
    if _extent(variant) < extent * _LEAST_KEPT:
        return "it is of one colour"
    likest = max(_correlation(*both) for both in zip(original.channels, variant.channels, strict=True))
    return "it is another picture" if likest < _LEAST_CORRELATION else None


def _distance(one: bytes, other: bytes) -> float:
    return sum(abs(ours - theirs) for ours, theirs in zip(one, other, strict=True)) / len(one)


def _extent(copy: SmallCopy) -> int:
    return max(max(channel) - min(channel) for channel in copy.channels)


def _correlation(one: bytes, other: bytes) -> float:
    try:
        return correlation(one, other)
    except StatisticsError:  # one of them is constant
        return 0
