"""TIFF files in Lab become pictures, however their numbers are stored."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms

from common.formats import ImageFormat
from ingest_api.uploads.header import read_header
from processor.engine import ImageRefusedError, Refusal
from tests.unit.processor.engine.pictures import difference, gradient, made, read
from tests.unit.processor.engine.test_unsupported import PHOTOMETRIC, refused_by_both, tiff_with

PIXELS = gradient(120, 80)
SAMPLES_PER_PIXEL = 277
SIGNED, FROM_THE_MIDDLE = 8, 9
"""Photometric interpretations of CIE's Lab and of ICC's."""


def lab() -> NDArray[np.uint8]:
    """Return the pixels in signed Lab of 8 bits, as littlecms makes them and Pillow hands them out."""
    srgb, wanted = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(Image.fromarray(PIXELS), srgb, wanted, outputMode="LAB")
    assert converted is not None
    return np.asarray(converted)


def stored(bits: int, photometric: int) -> NDArray[Any]:
    """Return Lab as files of such *bits* and interpretation hold it."""
    numbers = lab().astype(np.int64)
    if photometric == FROM_THE_MIDDLE:
        numbers[..., 1:] = (numbers[..., 1:] + 128) % 256
    if bits == 8:
        return numbers.astype(np.uint8)
    lightness = 257 if photometric == SIGNED else 256
    return (numbers * [lightness, 256, 256]).astype(np.uint16)


def written(folder: Path, samples: NDArray[Any], photometric: int, **options: Any) -> Path:
    """Write *samples* as TIFF of that interpretation and return its path."""
    path = folder / "original.tiff"
    tifffile.imwrite(path, samples, photometric=photometric, **options)
    return path


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("photometric", [SIGNED, FROM_THE_MIDDLE])
@pytest.mark.parametrize(
    "options",
    [
        {"byteorder": "<"},
        {"byteorder": ">"},
        {"bigtiff": True},
        {"compression": "zlib", "predictor": True},
        {"tile": (32, 32)},
    ],
    ids=str,
)
def test_lab_is_shown_in_its_colours(tmp_path: Path, bits: int, photometric: int, options: dict[str, Any]) -> None:
    """Both encodings, in any order of bytes, packed or not: as littlecms shows them."""
    original = written(tmp_path, stored(bits, photometric), photometric, **options)

    variant = made(original, ImageFormat.PNG, quality=100)

    header = read_header(original)
    assert (header.width, header.height) == (variant.width, variant.height) == (120, 80)
    assert difference(read(variant.path, "RGB"), PIXELS) < 1.5


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("target", [ImageFormat.JPEG, ImageFormat.WEBP, ImageFormat.PNG, ImageFormat.AVIF])
def test_lab_may_be_transparent_and_made_smaller(tmp_path: Path, bits: int, target: ImageFormat) -> None:
    """A fourth band is opacity; where a format has none, white is put behind."""
    alpha = np.full((80, 120, 1), 2**bits - 1)
    alpha[:, :60] = 0
    samples = np.dstack([stored(bits, SIGNED), alpha]).astype(f"uint{bits}")
    original = written(tmp_path, samples, SIGNED, extrasamples=["unassalpha"])

    variant = made(original, target, quality=95, max_dimension=60)

    shown = read(variant.path, "RGBA")
    assert difference(shown[:, 34:, :3], PIXELS[::2, 68::2]) < 5
    assert shown[:, 34:, 3].min() == 255
    beyond = shown[:, :26]
    assert beyond[..., :3].min() > 250 if target is ImageFormat.JPEG else beyond[..., 3].max() == 0


def test_white_grey_and_black_are_without_colour(tmp_path: Path) -> None:
    """Lab's white is sRGB's, whatever light it was told for."""
    samples = np.array([[[0, 0, 0], [128, 0, 0], [255, 0, 0]]], np.uint8)

    shown = read(made(written(tmp_path, samples, SIGNED), ImageFormat.PNG, quality=100).path, "RGB")

    assert shown[0, 0].tolist() == [0, 0, 0]
    assert np.ptp(shown[0, 1]) <= 1
    assert abs(shown[0, 1, 0] - 120) <= 1
    assert shown[0, 2].min() >= 254


def test_lab_of_other_kinds_is_refused_by_name(tmp_path: Path) -> None:
    """ITU's Lab has ranges of its own, and lightness alone is rare."""
    assert refused_by_both(tiff_with(tmp_path, PHOTOMETRIC, 10)) == "TIFF files with ITU's Lab colours cannot be read."
    grey = written(tmp_path, lab()[..., 0], 1)
    data = bytearray(grey.read_bytes())
    at = data.index(struct.pack("<HHL", PHOTOMETRIC, 3, 1)) + 8
    data[at : at + 2] = struct.pack("<H", SIGNED)
    grey.write_bytes(data)

    assert refused_by_both(grey) == "TIFF files with Lab colours without a and b cannot be read."


def test_lab_with_too_few_samples_is_damaged(tmp_path: Path) -> None:
    """Where tags contradict one another, the owner is told so."""
    original = written(tmp_path, stored(8, SIGNED), SIGNED)
    data = bytearray(original.read_bytes())
    at = data.index(struct.pack("<HHL", SAMPLES_PER_PIXEL, 3, 1)) + 8
    data[at : at + 2] = struct.pack("<H", 1)
    original.write_bytes(data)

    with pytest.raises(ImageRefusedError, match="fewer samples than colours") as refused:
        made(original, ImageFormat.JPEG)
    assert refused.value.code is Refusal.IMAGE_DAMAGED


def test_of_equal_tags_the_first_counts(tmp_path: Path) -> None:
    """As it does for the decoder."""
    original = written(tmp_path, stored(8, SIGNED), SIGNED)
    data = bytearray(original.read_bytes())
    at = data.index(struct.pack("<HHL", SAMPLES_PER_PIXEL, 3, 1))
    data[at : at + 10] = struct.pack("<HHLH", PHOTOMETRIC, 3, 1, 5)
    original.write_bytes(data)

    with pytest.raises(ImageRefusedError) as refused:
        made(original, ImageFormat.JPEG)
    assert refused.value.code is Refusal.IMAGE_DAMAGED
