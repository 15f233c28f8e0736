"""What a picture shall be, before it is encoded."""

from dataclasses import dataclass

from processor.engine.colour.spaces import ColourSpace
from processor.engine.sizing import Size


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """Everything that decides a picture's pixels; variants of equal specs share one picture.

    *size* is each frame's, as shown. *flatten*: none of the variants can keep transparency. *hdr*: the
    space of an original that holds what is brighter than white. *in_doubt*: a first attempt came out in one colour.
    """

    size: Size
    every_frame: bool
    flatten: bool = False
    hdr: ColourSpace | None = None
    in_doubt: bool = False
