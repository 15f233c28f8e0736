"""How good a resized picture is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.formats import ImageFormat
from tests.unit.processor.engine.pictures import difference, gradient, made, read, saved


@pytest.mark.parametrize(("source", "alias"), [("png", 3), ("jpeg", 8), ("webp", 8)])
def test_a_zone_plate_shows_no_alias(tmp_path: Path, source: str, alias: float) -> None:
    """Rings finer than the variant's pixels become grey; what decoders leave that shrink by themselves is not seen."""
    side = 800
    down, across = np.mgrid[0:side, 0:side] - side / 2
    rings = np.cos((across**2 + down**2) * np.pi / side) * 127 + 128
    plate = np.stack([rings.round().astype(np.uint8)] * 3, axis=-1)
    original = saved(tmp_path, plate, f"original.{source}", **({} if source == "png" else {"quality": 98}))

    variant = made(original, ImageFormat.PNG, max_dimension=200, quality=100)

    grey = read(variant.path, "L")
    down, across = np.mgrid[0:200, 0:200] - 100
    beyond_nyquist = np.hypot(across, down) > 40  # the rings' frequency passes the variant's at a quarter of the side
    assert grey[beyond_nyquist].std() < alias
    assert abs(grey[beyond_nyquist].mean() - 128) < 2


def test_a_clear_edge_takes_no_colour_from_what_is_hidden(tmp_path: Path) -> None:
    """The colour of fully transparent pixels never shows at an edge."""
    pixels = np.zeros((400, 400, 4), np.uint8)
    pixels[..., :3] = (0, 255, 0)
    pixels[100:300, 100:300] = (200, 30, 30, 255)
    original = saved(tmp_path, pixels)

    variant = made(original, ImageFormat.PNG, max_dimension=70, quality=100)

    shown = read(variant.path, "RGBA")
    edge = (shown[..., 3] > 0) & (shown[..., 3] < 255)
    green = (shown[edge][:, 1] - 30) * shown[edge][:, 3] / 255
    assert edge.any()
    assert green.max() <= 3


@pytest.mark.parametrize("max_dimension", [0, 90, 40])
def test_a_flat_colour_stays_what_it_was(tmp_path: Path, max_dimension: int) -> None:
    """No step of the way shifts a colour."""
    original = saved(tmp_path, np.full((100, 200, 3), (137, 84, 211), np.uint8))

    variant = made(original, ImageFormat.PNG, max_dimension=max_dimension)

    assert np.abs(read(variant.path, "RGB") - (137, 84, 211)).max() <= 1


def test_a_resize_comes_close_to_pillows(tmp_path: Path) -> None:
    """An independent Lanczos 3 gives the same picture."""
    original = saved(tmp_path, gradient(403, 301))

    variant = made(original, ImageFormat.PNG, max_dimension=100, quality=100)

    expected = Image.open(original).resize((100, 75), Image.Resampling.LANCZOS)
    assert difference(read(variant.path, "RGB"), np.asarray(expected)) < 1


@pytest.mark.parametrize(
    ("width", "height", "side", "size"),
    [
        (1000, 15000, 50, (3, 50)),
        (1000, 15000, 80, (5, 80)),
        (1, 16000, 1, (1, 1)),
        (16000, 1, 3, (3, 1)),
        (2500, 2500, 2, (2, 2)),
    ],
)
@pytest.mark.parametrize("channels", [3, 4])
def test_a_shrink_may_be_as_large_as_any(
    tmp_path: Path, width: int, height: int, side: int, size: tuple[int, int], channels: int
) -> None:
    """A long screenshot becomes a thumbnail of a few pixels, its averages; libvips' filter alone ends at 333."""
    pixels = gradient(width, height, channels=channels)
    pixels[..., 3:] = 255
    original = saved(tmp_path, pixels)

    variant = made(original, ImageFormat.PNG, max_dimension=side, quality=100)

    small = read(variant.path, "RGB")
    assert small.shape == (size[1], size[0], 3)
    assert np.abs(small.mean((0, 1)) - pixels[..., :3].mean((0, 1))).max() < 8
