"""Brings what is brighter than white, as PQ and HLG hold it, into sRGB as browsers do.

The brightest of a pixel's three lights is bent towards white, and the others keep their share of it, so no hue changes.
"""

from functools import cache
from math import log2

import pyvips

from processor.engine.colour.matrices import to_srgb
from processor.engine.colour.spaces import HLG, HLG_PEAK, ColourSpace, transfer_of

_LEVELS = 65536
_COLOURS = 3
_HLG_GAMMA = 1.2
"""From light at the camera to light on a screen of 1000 nits."""
_LEAST = 1e-6
_USUAL_PEAK = 1000 / 203
_KNEE = 0.65
"""How far the bend goes on in its first direction, of the way to white.

As the rest of the curve, it is that of SMPTE ST 2094-50's reference-white tone mapping, which Chromium applies.
"""
_LUMINANCE = [[0.2627, 0.6780, 0.0593]]


def tone_map(image: pyvips.Image, space: ColourSpace) -> pyvips.Image:
    """Return *image*, whose numbers are *space*'s, in sRGB of 8 bits."""
    bands = image.bandsplit()
    alpha = bands.pop() if image.hasalpha() else None
    colours = bands[0].bandjoin(bands[1:] or [bands[0], bands[0]])
    light = _light(colours, space)
    brightest = _brightest(light)
    mapped = light * (_bend(brightest, space.peak) / (brightest + _LEAST))
    srgb = mapped.recomb(to_srgb(space.primaries)).copy(interpretation="scrgb").colourspace("srgb")
    return srgb if alpha is None else srgb.bandjoin(_alpha_of_8_bits(alpha))


def _light(colours: pyvips.Image, space: ColourSpace) -> pyvips.Image:
    scale = 1 if colours.format == "ushort" else (_LEVELS - 1) / 255
    light = (colours * scale).cast("ushort").maplut(_lookup(space))
    if space.transfer != HLG:
        return light
    luminance = light.recomb(_LUMINANCE)
    return light * ((luminance + _LEAST) ** (_HLG_GAMMA - 1)) * HLG_PEAK


@cache
def _lookup(space: ColourSpace) -> pyvips.Image:
    light = transfer_of(space)
    return pyvips.Image.new_from_array([[light(level / (_LEVELS - 1)) for level in range(_LEVELS)]]).cast("float")


def _brightest(light: pyvips.Image) -> pyvips.Image:
    red, green, blue = light.bandsplit()
    return red.bandrank([green, blue], index=_COLOURS - 1)


def _bend(brightest: pyvips.Image, peak: float) -> pyvips.Image:
    """Return a curve that dims what is no brighter than white, evenly, and bends the rest so that *peak* is white.

    The higher the peak, the more is dimmed, down to a half. Beyond white it is a quadratic Bézier curve that goes on
    in the direction of the even part.
    """
    if peak <= 1:
        return brightest
    white = 1 - min(log2(peak) / log2(_USUAL_PEAK), 1) / 2
    across, up = _KNEE * (1 / white - 1), _KNEE * (1 - white)
    along = peak - 1 - 2 * across
    # Where on the curve a light is: the root of  along t² + 2 across t + 1 = brightest.
    place = (((brightest - 1) * along + across**2) ** 0.5 - across) / along
    bent = place * (2 * up) + place**2 * (1 - white - 2 * up) + white
    return (brightest < 1).ifthenelse(brightest * white, bent)


def _alpha_of_8_bits(alpha: pyvips.Image) -> pyvips.Image:
    return alpha if alpha.format == "uchar" else (alpha / 257).cast("uchar")
