"""Pictures that the tests make themselves, and an independent reader for what the engine made of them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine import ImageLimits, MadeVariant, VariantRequest
from tests.doubles.engine import make_files

WRITTEN = [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF]
LIMITS = ImageLimits(megapixels=100, side_pixels=16384)
Pixels = NDArray[np.uint8]


def gradient(width: int, height: int, *, channels: int = 3) -> Pixels:
    """Return smooth colours, different in every corner; a fourth channel runs from clear to opaque."""
    across = np.linspace(0, 255, width)[np.newaxis, :].repeat(height, axis=0)
    down = np.linspace(0, 255, height)[:, np.newaxis].repeat(width, axis=1)
    planes = [across, down, 255 - (across + down) / 2, across]
    return np.stack(planes[:channels], axis=-1).round().astype(np.uint8)


def noise(width: int, height: int, *, channels: int = 3) -> Pixels:
    """Return the same random colours every time, which no encoder can make small."""
    return np.random.default_rng(1).integers(0, 256, (height, width, channels), np.uint8)


def saved(folder: Path, pixels: Pixels, name: str = "original.png", **options: Any) -> Path:
    """Write *pixels* by Pillow in the format that *name*'s suffix says, and return the path."""
    path = folder / name
    Image.fromarray(pixels).save(path, **options)
    return path


def made(original: Path, image_format: ImageFormat | None = None, **options: Any) -> MadeVariant:
    """Return the one variant of *original* that *options* describe, written beside it."""
    output = original.with_name(f"variant.{image_format or 'same'}")
    request = VariantRequest(output, VariantOptions(format=image_format, **options))
    [variant] = make_files(original, [request], LIMITS)
    return variant


def read(path: Path, mode: str | None = None) -> NDArray[np.int64]:
    """Return the pixels of *path* as Pillow decodes them, signed so that differences are."""
    with Image.open(path) as image:
        return np.asarray(image if mode is None else image.convert(mode)).astype(np.int64)


def difference(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the mean absolute difference of two pictures, in steps of 8 bits."""
    return float(np.abs(one.astype(np.int64) - other).mean())
