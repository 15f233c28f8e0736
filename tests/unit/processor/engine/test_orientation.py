"""A picture stands upright, once, whatever its EXIF orientation."""

from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from common.formats import ImageFormat
from tests.unit.processor.engine.pictures import WRITTEN, difference, gradient, made, read

ORIENTATION = ExifTags.Base.Orientation


def oriented(folder: Path, source: str, orientation: int) -> Path:
    """Return a file of 96 x 64 stored pixels whose EXIF says *orientation*."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = folder / f"original.{source}"
    Image.fromarray(gradient(96, 64)).save(path, exif=exif, quality=95)
    return path


def upright(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the pixels of *path* as Pillow turns them."""
    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def stated_orientation(path: Path) -> int:
    """Return the orientation that Pillow finds in *path*, 1 where there is none."""
    with Image.open(path) as image:
        return int(image.getexif().get(ORIENTATION, 1))


@pytest.mark.parametrize("keep_metadata", [False, True])
@pytest.mark.parametrize("source", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied(tmp_path: Path, orientation: int, source: str, *, keep_metadata: bool) -> None:
    """At full size, with metadata or without, the picture is turned and its tag no longer turns it again."""
    original = oriented(tmp_path, source, orientation)

    variant = made(original, ImageFormat.PNG, quality=100, keep_metadata=keep_metadata)

    expected = upright(original)
    assert (variant.width, variant.height) == (expected.shape[1], expected.shape[0])
    assert difference(read(variant.path, "RGB"), expected) < 1
    assert stated_orientation(variant.path) == 1


@pytest.mark.parametrize("keep_metadata", [False, True])
@pytest.mark.parametrize("target", WRITTEN)
@pytest.mark.parametrize("orientation", [3, 6])
def test_resized_pictures_stand_upright_in_every_format(
    tmp_path: Path, orientation: int, target: ImageFormat, *, keep_metadata: bool
) -> None:
    """The same holds where the decoder shrinks and for every output."""
    original = oriented(tmp_path, "jpeg", orientation)

    variant = made(original, target, max_dimension=48, keep_metadata=keep_metadata)

    expected = Image.fromarray(upright(original))
    expected.thumbnail((48, 48))
    assert (variant.width, variant.height) == expected.size
    assert difference(read(variant.path, "RGB"), np.asarray(expected)) < 6
    assert stated_orientation(variant.path) == 1
