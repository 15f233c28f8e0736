"""What a picture shall be, before it is encoded."""

from dataclasses import dataclass

from common.options.css_colours import Rgba
from processor.engine.colour.spaces import ColourSpace
from processor.engine.geometry.layout import Layout
from processor.engine.geometry.sizes import Box, Size
from processor.engine.geometry.turns import AS_IT_IS, Turn


@dataclass(frozen=True, slots=True)
class Effects:
    """What is done to the pixels at last; sigmas count in pixels of the picture."""

    grayscale: bool = False
    blur: float | None = None
    sharpen: float | None = None


NO_EFFECTS = Effects()


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """Everything that decides a picture's pixels; variants of equal specs share one picture.

    *layout* places them, from an upright original of the size *original* that the turn *upright* made so. *background*:
    the colour behind what can be seen through. *flatten*: none of the variants can keep transparency. *hdr*: the
    space of an original that holds what is brighter than white. *in_doubt*: a first attempt came out in one colour.
    """

    layout: Layout
    every_frame: bool
    original: Size
    upright: Turn = AS_IT_IS
    background: Rgba | None = None
    effects: Effects = NO_EFFECTS
    flatten: bool = False
    hdr: ColourSpace | None = None
    in_doubt: bool = False

    @property
    def size(self) -> Size:
        """The size of each frame, as shown."""
        return self.layout.canvas

    @property
    def is_plain(self) -> bool:
        """Whether the original's own pixels would do, were their size the same."""
        whole = self.layout.region == (0, 0, *self.original)
        return whole and self.layout.is_plain and self.effects == NO_EFFECTS and self.background is None

    @property
    def stored_size(self) -> Size:
        """What the original measures as it is stored."""
        return self.upright.size(self.original)

    @property
    def stored_region(self) -> Box:
        """The part to take, of the picture as it is stored."""
        return self.upright.before(self.layout.region, self.original)

    @property
    def stored_scaled(self) -> Size:
        """To what the part is scaled, before any turn."""
        return self._turn.size(self.layout.size)

    @property
    def stored_window(self) -> Box:
        """What is left of the scaled part, before any turn."""
        return self._turn.before(self.layout.window, self.layout.size)

    @property
    def _turn(self) -> Turn:
        return self.upright.then(self.layout.turn)
