"""What becomes of what can be seen through."""

from pathlib import Path

import numpy as np
import pytest

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine import VariantRequest
from tests.doubles.engine import make_files
from tests.unit.processor.engine.pictures import LIMITS, Pixels, difference, gradient, made, read, saved


@pytest.mark.parametrize("target", [ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF])
@pytest.mark.parametrize("options", [{}, {"max_dimension": 60}])
def test_transparency_is_kept(tmp_path: Path, target: ImageFormat, options: dict[str, int]) -> None:
    """Formats that can be seen through stay so, softly."""
    original = saved(tmp_path, gradient(120, 80, channels=4))

    variant = made(original, target, quality=90, **options)

    alpha = read(variant.path, "RGBA")[..., 3]
    expected = np.linspace(0, 255, variant.width)[np.newaxis, :].repeat(variant.height, axis=0)
    assert difference(alpha, expected.round()) < 6


@pytest.mark.parametrize("options", [{}, {"max_dimension": 60}])
def test_jpeg_shows_white_through(tmp_path: Path, options: dict[str, int]) -> None:
    """What was clear becomes white, never black."""
    pixels = gradient(120, 80, channels=4)
    original = saved(tmp_path, pixels)

    variant = made(original, ImageFormat.JPEG, quality=95, **options)

    shown = read(variant.path, "RGB")
    assert shown[:, 0].min() > 235
    if not options:
        alpha = pixels[..., 3:] / 255
        assert difference(shown, pixels[..., :3] * alpha + 255 * (1 - alpha)) < 4


@pytest.mark.parametrize("channels", [2, 4])
def test_a_jpeg_alone_looks_like_one_beside_another_format(tmp_path: Path, channels: int) -> None:
    """Whether white is put behind a picture before or after its resize cannot be seen."""
    pixels = gradient(120, 80, channels=4)
    pixels[20:40, 20:60, 3] = 0
    original = saved(tmp_path, np.ascontiguousarray(pixels if channels == 4 else pixels[..., [0, 3]]))
    jpeg = VariantOptions(format=ImageFormat.JPEG, max_dimension=60, quality=95)
    png = VariantOptions(format=ImageFormat.PNG, max_dimension=60)
    outputs = [tmp_path / name for name in ("alone", "beside", "other")]

    make_files(original, [VariantRequest(outputs[0], jpeg)], LIMITS)
    make_files(original, [VariantRequest(outputs[1], jpeg), VariantRequest(outputs[2], png)], LIMITS)

    assert difference(read(outputs[0], "RGB"), read(outputs[1], "RGB")) < 1


def test_grey_can_be_seen_through_too(tmp_path: Path) -> None:
    """Grey with transparency becomes every format."""
    grey = np.ascontiguousarray(gradient(120, 80, channels=4)[..., [0, 3]])
    original = saved(tmp_path, grey)

    png = made(original, ImageFormat.PNG, max_dimension=60)
    jpeg = made(original, ImageFormat.JPEG, max_dimension=60)

    assert read(png.path, "LA")[:, 0, 1].max() < 20
    assert read(jpeg.path, "RGB")[:, 0].min() > 235


def drawn_alpha(kind: str) -> Pixels:
    """Return an opacity of *kind*: with the edges of letters, feathered, soft throughout, or of two values only."""
    across = np.linspace(0, 20, 300)[np.newaxis, :].repeat(200, axis=0)
    waves = np.sin(across) + np.cos(across[:, ::-1] * 1.3 + np.linspace(0, 9, 200)[:, np.newaxis])
    steepness = {"letters": 800, "feathered": 150, "soft": 40, "two values": 1e6}[kind]
    return np.clip(waves * steepness + 128, 0, 255).round().astype(np.uint8)


@pytest.mark.parametrize("kind", ["letters", "feathered", "soft", "two values"])
@pytest.mark.parametrize("quality", [50, 80, 95])
@pytest.mark.parametrize("grey", [False, True])
def test_what_is_clear_or_opaque_stays_so_in_avif(tmp_path: Path, kind: str, quality: int, *, grey: bool) -> None:
    """Edges get no halos, though what is half transparent may be off by more."""
    alpha = drawn_alpha(kind)
    colours = gradient(300, 200)[..., :1] if grey else gradient(300, 200)
    original = saved(tmp_path, np.dstack([colours, alpha]))

    variant = made(original, ImageFormat.AVIF, quality=quality)

    off = np.abs(read(variant.path, "RGBA")[..., 3] - alpha)
    assert off[(alpha == 0) | (alpha == 255)].max(initial=0) <= 2
    assert off.mean() < 6
    assert difference(read(variant.path, "RGBA")[..., :3], colours) < 6


def test_a_low_quality_makes_avifs_opacity_small_too(tmp_path: Path) -> None:
    """What asks for few bytes gets few, at the cost of halos."""
    original = saved(tmp_path, np.dstack([gradient(300, 200), drawn_alpha("feathered")]))

    sizes = [made(original, ImageFormat.AVIF, quality=quality).byte_size for quality in (49, 50)]

    assert sizes[0] < 0.8 * sizes[1]
