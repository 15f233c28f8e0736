"""What becomes of moving pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine import ImageLimits, ImageRefusedError, Refusal, VariantRequest
from tests.doubles.engine import make_files
from tests.unit.processor.engine.pictures import LIMITS, difference, made, read

COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]
MILLISECONDS = [100, 250, 400]


@pytest.fixture(params=["gif", "webp"])
def animation(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return a file of three differently coloured frames of 60 x 40 pixels."""
    frames = [Image.new("RGB", (60, 40), colour) for colour in COLOURS]
    path = tmp_path / f"original.{request.param}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=MILLISECONDS, loop=3)
    return path


@pytest.mark.parametrize("options", [{}, {"max_dimension": 30}])
def test_webp_keeps_every_frame(animation: Path, options: dict[str, int]) -> None:
    """Frames, their times and their colours survive, also a resize; no frame bleeds into the next."""
    variant = made(animation, ImageFormat.WEBP, **options)

    assert (variant.frames, variant.original_frames) == (3, 3)
    with Image.open(variant.path) as image:
        for number, colour in enumerate(COLOURS):
            image.seek(number)
            assert image.size == (variant.width, variant.height)
            assert np.abs(np.asarray(image.convert("RGB")).astype(int) - colour).max() < 12
            assert image.info["duration"] == MILLISECONDS[number]


@pytest.mark.parametrize("target", [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.AVIF])
def test_other_formats_keep_the_first_frame_and_say_so(animation: Path, target: ImageFormat) -> None:
    """The result tells of how many frames it shows one."""
    variant = made(animation, target)

    assert (variant.frames, variant.original_frames) == (1, 3)
    assert (variant.width, variant.height) == (60, 40)
    assert difference(read(variant.path, "RGB"), np.full((40, 60, 3), COLOURS[0])) < 5


def test_stills_and_animations_of_one_job(animation: Path, tmp_path: Path) -> None:
    """Variants with and without frames can be asked for together."""
    targets = [ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.JPEG]
    requests = [VariantRequest(tmp_path / f"variant.{target}", VariantOptions(format=target)) for target in targets]

    variants = make_files(animation, requests, LIMITS)

    assert [variant.frames for variant in variants] == [1, 3, 1]


def test_too_many_frames_are_refused_by_name(animation: Path, tmp_path: Path) -> None:
    """The frame limit is checked from the header, and told."""
    limits = ImageLimits(megapixels=100, side_pixels=16384, frames=2)

    with pytest.raises(ImageRefusedError) as caught:
        make_files(animation, [VariantRequest(tmp_path / "variant", VariantOptions())], limits)

    assert caught.value.code is Refusal.TOO_MANY_FRAMES
    assert caught.value.reason == "The image has 3 frames; the limit is 2."
