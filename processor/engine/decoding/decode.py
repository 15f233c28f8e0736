"""The original's pixels, decoded as seldom and as small as the variants allow."""

from collections.abc import Callable, Sequence
from typing import Any

import pyvips

from processor.engine.codecs.registry import CODECS
from processor.engine.colour.describing import describe
from processor.engine.decoding.animation import compose, with_fields_of
from processor.engine.decoding.header import Header
from processor.engine.decoding.opening import open_image
from processor.engine.decoding.original import Original
from processor.engine.decoding.pixel_cache import PixelCache, decoded_bytes
from processor.engine.picture import PictureSpec
from processor.engine.plan import PlannedDecode

_LEFT_TO_THE_RESIZE = 2
"""A decoder's own shrink is hardly better than a plain average; leave at least this factor to the real resize.

With 3 a zone plate's alias falls from 7 % of its strength to nothing, but a 12-megapixel photo takes two thirds longer.
"""
_WHOLE_SHRINKS = (8, 4, 2)
_SHARED_BYTES = 256 * 1024 * 1024
"""Decoded pixels up to this are held for all sizes of a job; more would eat the memory that a task may use."""

_PIXEL_CACHE = PixelCache()
"""This image process's."""

Decode = Callable[[PictureSpec], pyvips.Image]


def open_decoder(original: Original, header: Header, planned: PlannedDecode, *, forgiving: bool) -> Decode:
    """Return what gives the original's pixels for each size that is *planned*: one decode for all where memory allows.

    What it returns is at least as large as asked; frames lie below one another. Damaged data raises `pyvips.Error` no
    later than when the pixels are read; *forgiving* lets pass what a decoder only warns of.
    """
    loader = CODECS[header.format].loader
    options: dict[str, Any] = {"fail_on": "warning" if loader.warnings and not forgiving else "error"}
    if planned.every_frame:
        options["n"] = -1

    def shrink(*specs: PictureSpec) -> dict[str, Any]:
        return dict(loader.shrink_on_load(_spare(specs)))

    def decode(*specs: PictureSpec) -> pyvips.Image:
        image = decode_as_stored(shrink(*specs))
        return image if header.colour is None else describe(image, header.colour)

    def decode_as_stored(shrunk: dict[str, Any]) -> pyvips.Image:
        animation = header.animation
        if animation is None or (animation.has_still and not planned.every_frame):
            return loader.correct(open_image(original.content, **options, **shrunk), original.content)
        composed = compose(animation, every_frame=planned.every_frame, fail_on=options["fail_on"])
        return with_fields_of(open_image(original.content), composed)

    specs = [picture.spec for picture in planned.pictures]
    opened = decode(*specs)
    key = (original.identity, *options.items(), *shrink(*specs).items())
    pixels = _PIXEL_CACHE.get(key, opened, is_read_often=len(specs) > 1)
    if pixels is opened and len(specs) > 1 and decoded_bytes(opened) <= _SHARED_BYTES:
        pixels = opened.copy_memory()
    return decode if pixels is opened else lambda _: pixels


def _spare(specs: Sequence[PictureSpec]) -> float:
    """Return how many times smaller a decode may be that serves all *specs*: exactly so where a part is cut out."""
    spare = min(_spare_of(spec) for spec in specs)
    parts = [spec for spec in specs if spec.layout.region != (0, 0, *spec.original)]
    if not parts:
        return spare
    wholes = {number for spec in parts for number in (*spec.stored_region, *spec.stored_size)}
    return next((by for by in _WHOLE_SHRINKS if by <= spare and not any(number % by for number in wholes)), 1)


def _spare_of(spec: PictureSpec) -> float:
    reduction = float(1 / max(spec.layout.scale))
    return min(reduction / _LEFT_TO_THE_RESIZE, *spec.layout.region.size)
