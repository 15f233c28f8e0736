"""Flat pictures, such as screenshots and charts, become lossless WebP where that takes fewer bytes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.formats import ImageFormat
from tests.unit.processor.engine.pictures import Pixels, difference, gradient, made, noise, read, saved

LOSSY, LOSSLESS = "VP8", "VP8L"


def chart(width: int = 400, height: int = 300, *, channels: int = 3) -> Pixels:
    """Return bars and lines of few colours, as software draws them; a fourth channel is clear around them."""
    pixels = np.full((height, width, channels), 255, np.uint8)
    pixels[..., 3:] = 0
    colours = np.random.default_rng(3).integers(0, 256, (64, channels), np.uint8)
    colours[:, 3:] = 255
    for place, colour in enumerate(colours):
        left = place * width // 64
        pixels[height // 2 + place : height - place, left : left + 4] = colour
        pixels[place * 4 : place * 4 + 1, :left] = colour
    return pixels


def kind_of(path: Path) -> str:
    """Return how the (first) picture in a WebP file is packed."""
    data = path.read_bytes()
    return LOSSLESS if b"VP8L" in data else LOSSY


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("quality", [30, 80, 100])
def test_a_flat_picture_loses_nothing(tmp_path: Path, channels: int, quality: int) -> None:
    """Every pixel stays what it was, transparent or not."""
    pixels = chart(channels=channels)

    variant = made(saved(tmp_path, pixels), ImageFormat.WEBP, quality=quality)

    assert kind_of(variant.path) == LOSSLESS
    shown = read(variant.path, "RGBA" if channels == 4 else "RGB")
    visible = pixels[..., 3] > 0 if channels == 4 else np.ones(pixels.shape[:2], bool)
    assert np.array_equal(shown[visible], pixels[visible])


def test_a_flat_picture_takes_fewer_bytes(tmp_path: Path) -> None:
    """Less than half of what the same encoder takes at the same quality with loss."""
    original = saved(tmp_path, chart())
    with Image.open(original) as image:
        image.save(tmp_path / "lossy.webp", quality=82, method=5)

    variant = made(original, ImageFormat.WEBP, quality=80)

    assert variant.byte_size < 0.5 * (tmp_path / "lossy.webp").stat().st_size


def test_a_large_flat_picture_is_judged_by_a_sample(tmp_path: Path) -> None:
    """Beyond a quarter of a megapixel the rest of the rows is tried only where an eighth of them promises something."""
    flat = made(saved(tmp_path, chart(1200, 900)), ImageFormat.WEBP, quality=80)

    assert kind_of(flat.path) == LOSSLESS
    assert np.array_equal(read(flat.path, "RGB"), chart(1200, 900))


@pytest.mark.parametrize("pixels", [gradient(300, 200), noise(300, 200), gradient(300, 200, channels=4)])
def test_other_pictures_stay_lossy(tmp_path: Path, pixels: Pixels) -> None:
    """Photos and gradients take fewer bytes with loss."""
    variant = made(saved(tmp_path, pixels), ImageFormat.WEBP, quality=80)

    assert kind_of(variant.path) == LOSSY


def test_a_flat_picture_with_noise_below_stays_lossy(tmp_path: Path) -> None:
    """Where lossless takes more bytes after all, as with a photo in a page, the smaller one is kept."""
    pixels = np.vstack([chart(400, 800), noise(400, 150)])

    variant = made(saved(tmp_path, pixels), ImageFormat.WEBP, quality=80)

    assert kind_of(variant.path) == LOSSY
    assert difference(read(variant.path, "RGB")[:800], pixels[:800]) < 6


def test_flat_frames_are_lossless_too(tmp_path: Path) -> None:
    """An animation keeps its frames, each as it was."""
    frames = [Image.fromarray(np.roll(chart(), 40 * number, axis=1)) for number in range(3)]
    frames[0].save(tmp_path / "original.png", save_all=True, append_images=frames[1:], duration=100)

    variant = made(tmp_path / "original.png", ImageFormat.WEBP, quality=80)

    assert (variant.frames, kind_of(variant.path)) == (3, LOSSLESS)
    with Image.open(variant.path) as image:
        for number, frame in enumerate(frames):
            image.seek(number)
            assert np.array_equal(np.asarray(image.convert("RGB")), np.asarray(frame))


def test_one_column_has_no_neighbours(tmp_path: Path) -> None:
    """The narrowest picture is written as any other."""
    variant = made(saved(tmp_path, chart(400, 300)[:, :1]), ImageFormat.WEBP)

    assert (variant.width, variant.height) == (1, 300)
