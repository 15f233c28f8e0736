"""Which part is cut out, or where a smaller picture stands, by a focus."""

from common.options.geometry import Focus, FocusPoint
from processor.engine.geometry.sizes import Box, Size

_START, _MIDDLE, _END = 0, 1, 2
_AT: dict[Focus, tuple[int, int]] = {
    Focus.CENTER: (_MIDDLE, _MIDDLE),
    Focus.TOP: (_MIDDLE, _START),
    Focus.RIGHT_TOP: (_END, _START),
    Focus.RIGHT: (_END, _MIDDLE),
    Focus.RIGHT_BOTTOM: (_END, _END),
    Focus.BOTTOM: (_MIDDLE, _END),
    Focus.LEFT_BOTTOM: (_START, _END),
    Focus.LEFT: (_START, _MIDDLE),
    Focus.LEFT_TOP: (_START, _START),
    Focus.ATTENTION: (_MIDDLE, _MIDDLE),
    Focus.ENTROPY: (_MIDDLE, _MIDDLE),
}
LOOKED_FOR = frozenset({Focus.ATTENTION, Focus.ENTROPY})
"""The focuses that only the pixels tell; without a look at them they are the centre."""


def part_of(whole: Size, part: Size, focus: Focus | FocusPoint) -> Box:
    """Return the box of size *part* in *whole* whose middle is as near the focus as the edges allow."""
    left = _offset(whole.width - part.width, part.width, whole.width, focus, axis=0, halves_up=True)
    top = _offset(whole.height - part.height, part.height, whole.height, focus, axis=1, halves_up=True)
    return Box(left, top, *part)


def stand_in(canvas: Size, picture: Size, focus: Focus | FocusPoint) -> tuple[int, int]:
    """Return left and top of a *picture* on a *canvas* that is no smaller; sharp's rounding, which halves down."""
    left = _offset(canvas.width - picture.width, picture.width, canvas.width, focus, axis=0, halves_up=False)
    top = _offset(canvas.height - picture.height, picture.height, canvas.height, focus, axis=1, halves_up=False)
    return left, top


def _offset(  # noqa: PLR0913 - one axis of two
    spare: int, part: int, whole: int, focus: Focus | FocusPoint, *, axis: int, halves_up: bool
) -> int:
    if isinstance(focus, FocusPoint):
        middle = (focus.x, focus.y)[axis] * whole
        return min(max(0, round(middle - part / 2)), spare)
    return (0, (spare + halves_up) // 2, spare)[_AT[focus][axis]]
