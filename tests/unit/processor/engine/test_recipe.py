"""What a job can rely on when it asks for variants."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.formats import ImageFormat
from common.options import VariantOptions
from processor.engine import ImageLimits, ImageRefusedError, VariantRequest
from processor.engine.recipe import make_variants
from tests.unit.processor.engine.pictures import LIMITS, WRITTEN, gradient, made, read, saved


@pytest.mark.parametrize("source", WRITTEN)
@pytest.mark.parametrize("target", WRITTEN)
def test_every_format_becomes_every_format(tmp_path: Path, source: str, target: str) -> None:
    """In all directions the variant is of the asked format and shows the same picture."""
    pixels = gradient(120, 80)
    original = saved(tmp_path, pixels, f"original.{source}", quality=95)

    variant = made(original, target, quality=90)

    with Image.open(variant.path) as image:
        assert image.format == target.upper()
    assert np.abs(read(variant.path, "RGB").astype(int) - pixels).mean() < 5


def test_several_variants_come_in_the_order_asked(tmp_path: Path) -> None:
    """The results follow the requests, not the order of the work."""
    original = saved(tmp_path, gradient(400, 300))
    sides = [50, 400, 100]
    requests = [
        VariantRequest(tmp_path / f"{side}.png", VariantOptions(format=ImageFormat.PNG, max_dimension=side))
        for side in sides
    ]

    variants = make_variants(original, requests, LIMITS)

    assert [variant.width for variant in variants] == sides
    assert [variant.path.stat().st_size for variant in variants] == [variant.byte_size for variant in variants]


def test_a_failure_leaves_no_output(tmp_path: Path) -> None:
    """When one variant cannot be made, those made before it are gone too."""
    original = saved(tmp_path, gradient(16400, 8))
    requests = [
        VariantRequest(tmp_path / f"variant.{target}", VariantOptions(format=target))
        for target in (ImageFormat.PNG, ImageFormat.WEBP)
    ]

    with pytest.raises(ImageRefusedError, match="16383 pixels a side at most"):
        make_variants(original, requests, ImageLimits(megapixels=100, side_pixels=20_000))

    assert list(tmp_path.iterdir()) == [original]


@pytest.mark.parametrize("source", WRITTEN)
@pytest.mark.parametrize("options", [{}, {"max_dimension": 60}])
def test_truncated_data_is_refused(tmp_path: Path, source: str, options: dict[str, int]) -> None:
    """Half a file never becomes a half-grey picture; the reason says what is wrong."""
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    original = saved(tmp_path, noise, f"original.{source}")
    original.write_bytes(original.read_bytes()[: original.stat().st_size // 2])

    with pytest.raises(ImageRefusedError) as caught:
        made(original, "jpeg", **options)

    assert caught.value.code == "image_damaged"
    assert caught.value.reason.startswith("The image is damaged or incomplete: ")
