"""What `quality` buys, and what it costs."""

from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image
from skimage import data

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine.codecs import png
from tests.unit.processor.engine.pictures import WRITTEN, Pixels, difference, gradient, made, noise, read, saved


def photo() -> Pixels:
    """Return a real photograph of 451 x 300 pixels."""
    pixels: Pixels = data.chelsea()  # type: ignore[no-untyped-call]  # scikit-image is typed in part
    return pixels


def colour_wheel() -> Pixels:
    """Return every hue beside every other, 370 x 371 pixels."""
    pixels: Pixels = data.colorwheel()  # type: ignore[no-untyped-call]  # scikit-image is typed in part
    return pixels


@pytest.mark.parametrize("target", WRITTEN)
def test_more_quality_costs_more_and_looks_better(tmp_path: Path, target: ImageFormat) -> None:
    """Bytes and likeness rise together over the whole scale."""
    original = saved(tmp_path, photo())

    measured = []
    for quality in (10, 50, 80, 95, 100):
        variant = made(original, target, quality=quality)
        measured.append((variant.byte_size, -difference(read(variant.path, "RGB"), photo())))

    assert measured == sorted(measured)


def test_png_at_full_quality_loses_nothing(tmp_path: Path) -> None:
    """Quality 100 gives the very pixels, transparency included."""
    pixels = noise(200, 100, channels=4)
    original = saved(tmp_path, pixels)

    variant = made(original, ImageFormat.PNG, quality=100)

    assert np.array_equal(read(variant.path, "RGBA"), pixels)


def test_png_uses_a_palette_where_it_cannot_be_told(tmp_path: Path) -> None:
    """A photo below full quality takes less than half of what it takes without loss."""
    original = saved(tmp_path, photo())

    lossless = made(original, ImageFormat.PNG, quality=100).byte_size
    variant = made(original, ImageFormat.PNG, quality=80)

    with Image.open(variant.path) as image:
        assert image.mode == "P"
    assert variant.byte_size < lossless / 2


def test_png_falls_back_to_true_colour_where_a_palette_would_be_seen(tmp_path: Path) -> None:
    """Too many clearly different colours for a palette keep them all."""
    original = saved(tmp_path, colour_wheel())

    variant = made(original, ImageFormat.PNG, quality=80)

    with Image.open(variant.path) as image:
        assert image.mode == "RGB"
    assert difference(read(variant.path), colour_wheel()) == 0


@pytest.mark.parametrize("height", [256, 5])
def test_png_never_takes_a_palette_that_is_larger(tmp_path: Path, height: int) -> None:
    """A smooth gradient packs better than its dithered palette, so it stays as it is, however few its rows."""
    original = saved(tmp_path, gradient(256, height))

    variant = made(original, ImageFormat.PNG, quality=80)

    assert difference(read(variant.path, "RGB"), gradient(256, height)) == 0


def test_png_too_large_to_be_repacked_is_packed_all_the_same() -> None:
    """A palette beyond the repack's memory, here of 25.5 megapixels, does not stay a byte a pixel."""
    plain = pyvips.Image.black(5100, 5000, bands=3).copy(interpretation="srgb")

    encoded = png.encode(plain, VariantOptions(format=ImageFormat.PNG, quality=80))

    assert len(encoded) < plain.width * plain.height / 100
