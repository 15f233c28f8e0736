"""What a job can rely on when it asks for variants."""

from pathlib import Path
from time import perf_counter

import pytest
from PIL import Image

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine import ImageLimits, ImageRefusedError, VariantRequest
from tests.doubles.engine import make_files
from tests.unit.processor.engine.pictures import LIMITS, WRITTEN, difference, gradient, made, noise, read, saved

READ = [*WRITTEN, ImageFormat.GIF, ImageFormat.TIFF]


@pytest.mark.parametrize("source", READ)
@pytest.mark.parametrize("target", WRITTEN)
def test_every_format_becomes_every_format(tmp_path: Path, source: ImageFormat, target: ImageFormat) -> None:
    """In all directions the variant is of the asked format and shows the same picture."""
    original = saved(tmp_path, gradient(120, 80), f"original.{source}")

    variant = made(original, target, quality=90)

    with Image.open(variant.path) as image:
        assert image.format == target.upper()
    assert difference(read(variant.path, "RGB"), read(original, "RGB")) < 5  # a palette of 256 colours


@pytest.mark.parametrize(("source", "target"), [("jpeg", "jpeg"), ("gif", "webp"), ("tiff", "png"), ("avif", "avif")])
def test_no_format_means_the_originals(tmp_path: Path, source: str, target: str) -> None:
    """Without a format the variant gets the original's, or the one that is written in its place."""
    variant = made(saved(tmp_path, gradient(40, 30), f"original.{source}"))

    assert variant.format == target


def test_several_variants_come_in_the_order_asked(tmp_path: Path) -> None:
    """The results follow the requests, not the order of the work."""
    original = saved(tmp_path, gradient(400, 300))
    sides = [50, 400, 100, 50]
    requests = [
        VariantRequest(tmp_path / f"{number}.png", VariantOptions(format=ImageFormat.PNG, max_dimension=side))
        for number, side in enumerate(sides)
    ]

    variants = make_files(original, requests, LIMITS)

    assert [variant.width for variant in variants] == sides
    assert [variant.path for variant in variants] == [request.output for request in requests]
    assert [variant.path.stat().st_size for variant in variants] == [variant.byte_size for variant in variants]


def test_time_is_told_once(tmp_path: Path) -> None:
    """What went into a picture is told with its first variant alone, so that a job's times can be added up."""
    original = saved(tmp_path, noise(900, 600), "original.jpeg")
    requests = [
        VariantRequest(tmp_path / f"{number}.png", VariantOptions(format=ImageFormat.PNG, max_dimension=side))
        for number, side in enumerate([300, 300, 200])
    ]
    began = perf_counter()

    variants = make_files(original, requests, LIMITS)

    first, again, smaller = (variant.picture_seconds for variant in variants)
    assert min(first, smaller) > again == 0
    assert min(variant.encode_seconds for variant in variants) > 0
    assert sum(each.picture_seconds + each.encode_seconds for each in variants) < perf_counter() - began


def test_sharing_a_decode_changes_nothing(tmp_path: Path) -> None:
    """A variant looks the same whether it was asked for alone or beside a larger one."""
    original = saved(tmp_path, noise(900, 600), "original.jpeg", quality=95)
    small = VariantOptions(format=ImageFormat.PNG, max_dimension=100, quality=100)
    large = VariantOptions(format=ImageFormat.PNG, max_dimension=450, quality=100)

    alone = made(original, ImageFormat.PNG, max_dimension=100, quality=100)
    requests = [VariantRequest(tmp_path / "large.png", large), VariantRequest(tmp_path / "small.png", small)]
    [_, beside] = make_files(original, requests, LIMITS)

    assert difference(read(alone.path), read(beside.path)) < 2


def test_a_failure_leaves_no_output(tmp_path: Path) -> None:
    """When one variant cannot be made, those made before it are gone too."""
    original = saved(tmp_path, gradient(16400, 8))
    requests = [
        VariantRequest(tmp_path / f"variant.{target}", VariantOptions(format=target))
        for target in (ImageFormat.PNG, ImageFormat.WEBP)
    ]

    with pytest.raises(ImageRefusedError, match="16383 pixels a side at most"):
        make_files(original, requests, ImageLimits(megapixels=100, side_pixels=20_000))

    assert list(tmp_path.iterdir()) == [original]
