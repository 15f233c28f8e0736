"""Animations as libvips holds them: frames of one height, below one another."""

from collections.abc import Callable

import pyvips

_HEIGHT, _COUNT = "page-height", "n-pages"


def height_of_frames(image: pyvips.Image) -> int:
    """Return the height of each frame, or of the one picture."""
    return int(image.get(_HEIGHT)) if count_frames(image) > 1 else int(image.height)


def count_frames(image: pyvips.Image) -> int:
    """Return how many frames *image* holds."""
    return int(image.get_n_pages()) if image.get_typeof(_HEIGHT) else 1


def frames_of(image: pyvips.Image) -> list[pyvips.Image]:
    """Return the frames of *image*, one picture as its only one; needs random access to the pixels of several."""
    return [image] if count_frames(image) == 1 else list(image.pagesplit())


def each_frame(image: pyvips.Image, change: Callable[[pyvips.Image], pyvips.Image]) -> pyvips.Image:
    """Return *image* with *change* applied to each frame by itself, so that none sees its neighbours' pixels."""
    if count_frames(image) == 1:
        return change(image)
    frames = [change(frame) for frame in frames_of(image.copy_memory())]
    joined = frames[0].pagejoin(frames[1:])
    return _with_counts(joined, frames[0].height, len(frames))


def _with_counts(image: pyvips.Image, height: int, count: int) -> pyvips.Image:
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, _HEIGHT, height)
    image.set_type(pyvips.GValue.gint_type, _COUNT, count)
    return image
