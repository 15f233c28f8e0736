"""From options to the place of every pixel: which part is taken, how it is scaled, cut and set on a canvas."""

from dataclasses import dataclass
from fractions import Fraction

from common.options.geometry import Crop, CropOutsideError, Fit, Focus, GeometryOptions
from processor.engine import ImageRefusedError, Refusal
from processor.engine.geometry.placing import LOOKED_FOR, part_of, stand_in
from processor.engine.geometry.sizes import Box, Size, scaled
from processor.engine.geometry.turns import AS_IT_IS, Turn, turn_of


@dataclass(frozen=True, slots=True)
class Layout:
    """A variant's geometry. All of it but *region* counts in pixels of the turned picture.

    *region*: the part of the upright original; *turn*: what follows; *size*: to what it is scaled, by the exact
    factors *scale* across and down; *window*: the part of that which is left, looked for by *look_for* where that is
    not None; *canvas*: the size of what it is set on, at *at*.
    """

    region: Box
    turn: Turn
    size: Size
    scale: tuple[Fraction, Fraction]
    window: Box
    canvas: Size
    at: tuple[int, int]
    look_for: Focus | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the whole picture is shown as it stands, at whatever size."""
        return self.turn == AS_IT_IS and self.window == (0, 0, *self.canvas) and self.size == self.canvas


def lay_out(original: Size, options: GeometryOptions) -> Layout:
    """Return the layout of a variant of an upright *original*; raise `ImageRefusedError`."""
    region = region_of(original, options.crop)
    turn = turn_of(options.rotate, options.flip)
    turned = turn.size(region.size)
    box, fit = _box(turned, options)
    scale = _scale(turned, box, fit, enlarge=options.enlarge)
    size = Size(scaled(turned.width, scale[0]), scaled(turned.height, scale[1]))
    part = _part(size, box, fit)
    canvas = Size(*(side or own for side, own in zip(box, part, strict=True))) if fit is Fit.CONTAIN else part
    left, top = stand_in(canvas, part, options.focus)
    padding = options.padding
    is_cut = part != size and isinstance(options.focus, Focus) and options.focus in LOOKED_FOR
    return Layout(
        region,
        turn,
        size,
        scale,
        part_of(size, part, options.focus),
        Size(canvas.width + padding.left + padding.right, canvas.height + padding.top + padding.bottom),
        (left + padding.left, top + padding.top),
        options.focus if is_cut and isinstance(options.focus, Focus) else None,
    )


def region_of(original: Size, crop: Crop | None) -> Box:
    """Return the part of an upright *original* that *crop* takes; raise `ImageRefusedError` if it leaves the image."""
    try:
        return Box(0, 0, *original) if crop is None else Box(*crop.pixels_of(*original))
    except CropOutsideError as exc:
        raise ImageRefusedError(Refusal.CROP_OUTSIDE, f"The crop does not fit: {exc}.") from exc


def _largest_of_ratio(size: Size, ratio: Fraction) -> Size:
    if Fraction(size.width, size.height) > ratio:
        return Size(min(size.width, scaled(size.height, ratio)), size.height)
    return Size(size.width, min(size.height, scaled(size.width, 1 / ratio)))


def _box(turned: Size, options: GeometryOptions) -> tuple[tuple[int | None, int | None], Fit]:
    if options.max_dimension:
        return (options.max_dimension, options.max_dimension), Fit.INSIDE
    width, height, ratio = options.width, options.height, options.ratio()
    if ratio and width:
        height = scaled(width, Fraction(ratio[1], ratio[0]))
    elif ratio and height:
        width = scaled(height, Fraction(*ratio))
    elif ratio:
        width, height = _largest_of_ratio(turned, Fraction(*ratio))
    return (width, height), options.fit or (Fit.COVER if ratio else Fit.INSIDE)


def _scale(turned: Size, box: tuple[int | None, int | None], fit: Fit, *, enlarge: bool) -> tuple[Fraction, Fraction]:
    asked = [Fraction(side, own) if side else None for side, own in zip(box, turned, strict=True)]
    named = [factor for factor in asked if factor is not None]
    most = None if enlarge else Fraction(1)
    if not named:
        return Fraction(1), Fraction(1)
    if fit is Fit.FILL:
        across, down = (_at_most(factor if factor is not None else Fraction(1), most) for factor in asked)
        return across, down
    factor = _at_most(max(named) if fit in {Fit.COVER, Fit.OUTSIDE} else min(named), most)
    return factor, factor


def _at_most(factor: Fraction, most: Fraction | None) -> Fraction:
    return factor if most is None else min(factor, most)


def _part(size: Size, box: tuple[int | None, int | None], fit: Fit) -> Size:
    if fit is not Fit.COVER:
        return size
    width, height = box
    return Size(min(size.width, width or size.width), min(size.height, height or size.height))
