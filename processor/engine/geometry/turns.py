"""The eight ways to turn and mirror a picture."""

from dataclasses import dataclass

from processor.engine.geometry.sizes import Box, Size


@dataclass(frozen=True, slots=True)
class Turn:
    """Exchanges rows and columns if *transposes*, then mirrors left and right, and top and bottom."""

    transposes: bool = False
    mirrors_across: bool = False
    mirrors_down: bool = False

    def then(self, other: "Turn") -> "Turn":
        """Return the one turn that comes to this one and the *other* after it."""
        across, down = self.mirrors_across, self.mirrors_down
        if other.transposes:
            across, down = down, across
        return Turn(
            self.transposes is not other.transposes,
            across is not other.mirrors_across,
            down is not other.mirrors_down,
        )

    def size(self, size: Size) -> Size:
        """Return what a picture of *size* measures after the turn."""
        return size.turned() if self.transposes else size

    def before(self, box: Box, shown: Size) -> Box:
        """Return where the part *box* of the turned picture, which measures *shown*, was before the turn."""
        left = shown.width - box.left - box.width if self.mirrors_across else box.left
        top = shown.height - box.top - box.height if self.mirrors_down else box.top
        return Box(top, left, box.height, box.width) if self.transposes else Box(left, top, box.width, box.height)

    def after(self, box: Box, stored: Size) -> Box:
        """Return where the part *box* of a picture that measures *stored* is after the turn."""
        if self.transposes:
            box, stored = Box(box.top, box.left, box.height, box.width), stored.turned()
        left = stored.width - box.left - box.width if self.mirrors_across else box.left
        top = stored.height - box.top - box.height if self.mirrors_down else box.top
        return Box(left, top, box.width, box.height)


AS_IT_IS = Turn()
EXIF_TURNS = {
    1: AS_IT_IS,
    2: Turn(mirrors_across=True),
    3: Turn(mirrors_across=True, mirrors_down=True),
    4: Turn(mirrors_down=True),
    5: Turn(transposes=True),
    6: Turn(transposes=True, mirrors_across=True),
    7: Turn(transposes=True, mirrors_across=True, mirrors_down=True),
    8: Turn(transposes=True, mirrors_down=True),
}
"""How a picture is turned upright, by its EXIF orientation (Exif 3.0, 4.6.5, tag 0x0112)."""
_CLOCKWISE = {None: AS_IT_IS, 90: EXIF_TURNS[6], 180: EXIF_TURNS[3], 270: EXIF_TURNS[8]}
_FLIPS = {None: AS_IT_IS, "horizontal": EXIF_TURNS[2], "vertical": EXIF_TURNS[4]}


def turn_of(rotate: int | None, flip: str | None) -> Turn:
    """Return the turn of the options `rotate`, in degrees clockwise, and `flip`, in this order."""
    return _CLOCKWISE[rotate].then(_FLIPS[flip])
