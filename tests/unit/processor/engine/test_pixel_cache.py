"""Pixels that stay from one job to the next."""

from pathlib import Path

import pyvips

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine import ImageLimits, VariantRequest
from processor.engine.decoding.pixel_cache import CACHED_BYTES, PixelCache
from tests.doubles.engine import make_files

LIMITS = ImageLimits(megapixels=100, side_pixels=16384)


def a_picture(*, width: int = 60, height: int = 40) -> pyvips.Image:
    """Return a picture that is computed whenever it is read."""
    return pyvips.Image.xyz(width, height).extract_band(0).bandjoin([20, 30]).cast("uchar")


def made(original: Path, side: int, folder: Path) -> bytes:
    """Return the PNG that the recipe makes of *original*."""
    output = folder / "variant"
    options = VariantOptions(format=ImageFormat.PNG, max_dimension=side, quality=100)
    make_files(original, [VariantRequest(output, options)], LIMITS)
    return output.read_bytes()


def test_an_original_that_comes_once_is_not_held() -> None:
    """Nothing is decoded into memory for a job that may be the only one."""
    kept, picture = PixelCache(), a_picture()

    assert kept.get("a", picture) is picture
    assert kept.get("b", picture) is picture
    assert kept.get("a", picture) is picture


def test_an_original_that_comes_again_is_decoded_once_more_and_never_after() -> None:
    """The second job in a row finds the pixels decoded for the third, and so on; another original ends it."""
    kept = PixelCache()
    kept.get("a", a_picture())

    second, third = kept.get("a", a_picture()), kept.get("a", a_picture())
    other = a_picture()

    assert second is third
    assert second.write_to_memory() == other.write_to_memory()
    assert kept.get("b", other) is other


def test_a_job_that_reads_often_leaves_its_pixels_to_the_next() -> None:
    """A job of several sizes has its original in memory anyway."""
    kept = PixelCache()

    first = kept.get("a", a_picture(), is_read_often=True)

    assert kept.get("a", a_picture()) is first


def test_large_originals_are_not_held() -> None:
    """What an idle image process holds is bounded."""
    kept, large = PixelCache(), a_picture(width=16384, height=CACHED_BYTES // (3 * 16384) + 1)
    kept.get("a", large, is_read_often=True)

    assert kept.get("a", large) is large


def test_many_jobs_for_one_original_make_what_each_would_alone(tmp_path: Path) -> None:
    """Whether decoded for it or held from before, a variant is the same to the byte; a file that changed is another."""
    original, sides = tmp_path / "original.png", [50, 40, 30, 50]
    a_picture().pngsave(str(original))
    alone = {}
    for side in set(sides):
        copy = tmp_path / f"copy-{side}.png"
        copy.write_bytes(original.read_bytes())
        alone[side] = made(copy, side, tmp_path)

    together = [made(original, side, tmp_path) for side in sides]
    a_picture().invert().pngsave(str(original))
    changed = made(original, 50, tmp_path)

    assert together == [alone[side] for side in sides]
    assert changed != alone[50]
