"""How many frames a file has is told without decoding it."""

import io
import time

import numpy as np
import pytest
from PIL import Image

from common.formats import ImageFormat
from common.image_header.registry import count_frames
from processor.engine.decoding.header import read_header
from tests.factories import images
from tests.unit.processor.engine.drawn import Drawn, as_apng, as_gif

ANIMATED = [ImageFormat.GIF, ImageFormat.WEBP, ImageFormat.PNG]


def animation(image_format: ImageFormat, frames: int, side: int = 40) -> bytes:
    """Return an animation of so many different frames, as Pillow writes it."""
    numbers = np.random.default_rng(1).integers(0, 256, (frames, side, side, 3), np.uint8)
    first, *others = [Image.fromarray(one) for one in numbers]
    file = io.BytesIO()
    first.save(file, image_format.value, save_all=True, append_images=others, duration=50)
    return file.getvalue()


def counted(image_format: ImageFormat, content: bytes) -> int:
    """Return what the upload check counts."""
    return count_frames(image_format, io.BytesIO(content))


@pytest.mark.parametrize("image_format", ANIMATED)
@pytest.mark.parametrize("frames", [2, 7, 130])
def test_frames_are_counted_as_the_engine_does(image_format: ImageFormat, frames: int) -> None:
    """Of small files and of those with many blocks."""
    content = animation(image_format, frames)

    assert counted(image_format, content) == read_header(content).frames == frames


def test_frames_that_are_small_or_lie_anywhere_are_counted() -> None:
    """A frame without a picture to speak of is a frame."""
    frames = [Drawn(np.full((3, 3, 4), (number, 9, 9, 255), np.uint8), number % 5) for number in range(250)]

    assert counted(ImageFormat.GIF, as_gif(frames, 40, 30)) == 250
    assert counted(ImageFormat.PNG, as_apng(frames, 40, 30)) == 250


@pytest.mark.parametrize("image_format", ImageFormat)
def test_a_still_is_one_frame(image_format: ImageFormat) -> None:
    """Whatever its format."""
    assert counted(image_format, images.photo(image_format, width=321, height=123)) == 1


@pytest.mark.parametrize("image_format", ANIMATED)
def test_a_cut_file_has_the_frames_before(image_format: ImageFormat) -> None:
    """Counting refuses nothing: that a file is damaged is told by its header and its decoder."""
    content = animation(image_format, 9)

    counts = [counted(image_format, content[:size]) for size in range(13, len(content), 97)]

    assert counts == sorted(counts)
    assert set(counts) <= set(range(1, 10))


def test_a_hostile_gif_is_given_up_on_soon() -> None:
    """Millions of blocks of one byte are not followed to their end."""
    head = as_gif([Drawn(np.full((3, 3, 4), 255, np.uint8))], 3, 3)[:-1]
    content = head + b"\x21\xfe" + b"\1a" * 8_000_000
    began = time.process_time()

    assert counted(ImageFormat.GIF, content) == 1
    assert time.process_time() - began < 1
