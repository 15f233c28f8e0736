"""Colour spaces by their primaries and transfer, as ITU-T H.273 numbers them."""

import math
from collections.abc import Callable
from dataclasses import dataclass

Chromaticity = tuple[float, float]
Transfer = Callable[[float], float]
"""From what is stored, 0 to 1, to light, 0 to 1 or, for HDR, to what is brighter than white too."""

_D65: Chromaticity = (0.3127, 0.3290)
_C: Chromaticity = (0.310, 0.316)


@dataclass(frozen=True, slots=True)
class Primaries:
    """The chromaticities of red, green, blue and white."""

    red: Chromaticity
    green: Chromaticity
    blue: Chromaticity
    white: Chromaticity = _D65


@dataclass(frozen=True, slots=True)
class ColourSpace:
    """What the numbers of a picture mean; *transfer* is a code of H.273, or 0 for the power *gamma*.

    *peak_nits*: the brightest that a picture in HDR holds.
    """

    primaries: Primaries
    transfer: int
    gamma: float = 1
    peak_nits: float = 1000

    @property
    def is_hdr(self) -> bool:
        """Whether it holds what is brighter than white."""
        return self.transfer in {PQ, HLG}

    @property
    def peak(self) -> float:
        """The brightest light, of which 1 is diffuse white."""
        return min(max(self.peak_nits, WHITE_NITS), _MOST_NITS) / WHITE_NITS

    @property
    def is_srgb(self) -> bool:
        """Whether it is what is assumed where nothing is said."""
        return self.primaries == SRGB_PRIMARIES and self.transfer == SRGB


SRGB_PRIMARIES = Primaries((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_SMPTE = Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070))
PRIMARIES = {
    1: SRGB_PRIMARIES,
    4: Primaries((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: Primaries((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: _SMPTE,
    7: _SMPTE,
    8: Primaries((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    9: Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    10: Primaries((1, 0), (0, 1), (0, 0), (1 / 3, 1 / 3)),
    11: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    22: Primaries((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),
}
SRGB, PQ, HLG, POWER = 13, 16, 18, 0
WHITE_NITS = 203
"""Of diffuse white in HDR (ITU-R BT.2408)."""
_MOST_NITS = 10_000
_HLG_NITS = 1000
"""Of the screen that HLG is told for."""
HLG_PEAK = _HLG_NITS / WHITE_NITS


def from_codes(primaries: int, transfer: int) -> ColourSpace | None:
    """Return the space that codes of H.273 name; None where they name nothing beyond sRGB."""
    known = PRIMARIES.get(primaries, SRGB_PRIMARIES)
    space = ColourSpace(known, transfer if transfer in _TRANSFERS else SRGB)
    return None if space.is_srgb else space


def transfer_of(space: ColourSpace) -> Transfer:
    """Return how light follows from what is stored."""
    if space.transfer == POWER:
        return _power(space.gamma)
    return _TRANSFERS[space.transfer]


def _srgb(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else math.pow((value + 0.055) / 1.055, 2.4)  # noqa: PLR2004 - the standard's


def _bt709(value: float) -> float:
    return value / 4.5 if value < 0.081 else math.pow((value + 0.099) / 1.099, 1 / 0.45)  # noqa: PLR2004 - the standard's


def _smpte240(value: float) -> float:
    return value / 4 if value < 0.0913 else math.pow((value + 0.1115) / 1.1115, 1 / 0.45)  # noqa: PLR2004 - the standard's


def _power(gamma: float) -> Transfer:
    return lambda value: math.pow(value, gamma)


def _pq(value: float) -> float:
    """Return the light of SMPTE ST 2084, of which 1 is diffuse white."""
    root = math.pow(value, 32 / 2523)
    light = math.pow(max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root), 16384 / 2610)
    return light * _MOST_NITS / WHITE_NITS


def _hlg(value: float) -> float:
    """Return the scene's light of ARIB STD-B67, 0 to 1."""
    if value <= 0.5:  # noqa: PLR2004 - the standard's
        return value * value / 3
    return (math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12


_TRANSFERS: dict[int, Transfer] = {
    1: _bt709,
    4: _power(2.2),
    5: _power(2.8),
    6: _bt709,
    7: _smpte240,
    8: _power(1),
    11: _bt709,
    12: _bt709,
    SRGB: _srgb,
    14: _bt709,
    15: _bt709,
    PQ: _pq,
    17: lambda value: math.pow(value, 2.6) * 52.37 / 48,
    HLG: _hlg,
}
