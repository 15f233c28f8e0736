"""Pictures that the tests make themselves, and an independent reader for what the engine made of them."""

from pathlib import Path

import numpy as np
from PIL import Image

from common.formats import ImageFormat
from common.options import VariantOptions
from processor.engine import ImageLimits, MadeVariant, VariantRequest
from processor.engine.recipe import make_variants

LIMITS = ImageLimits(megapixels=100, side_pixels=16384)
Pixels = np.typing.NDArray[np.uint8]


def gradient(width: int, height: int, *, channels: int = 3) -> Pixels:
    """Return smooth colours, different in every corner; a fourth channel runs from clear to opaque."""
    across = np.linspace(0, 255, width)[np.newaxis, :].repeat(height, axis=0)
    down = np.linspace(0, 255, height)[:, np.newaxis].repeat(width, axis=1)
    planes = [across, down, 255 - (across + down) / 2, across]
    return np.stack(planes[:channels], axis=-1).round().astype(np.uint8)


def saved(folder: Path, pixels: Pixels, name: str = "original.png", **options: object) -> Path:
    """Write *pixels* by Pillow in the format that *name*'s suffix says, and return the path."""
    path = folder / name
    Image.fromarray(pixels).save(path, **options)  # type: ignore[arg-type]  # Pillow's options differ by format
    return path


def made(original: Path, image_format: str | None = None, **options: object) -> MadeVariant:
    """Return the one variant of *original* that *options* describe, written beside it."""
    asked = VariantOptions.model_validate({"format": image_format} | options)
    output = original.with_name(f"variant.{image_format or 'same'}")
    [variant] = make_variants(original, [VariantRequest(output, asked)], LIMITS)
    return variant


def read(path: Path, mode: str | None = None) -> Pixels:
    """Return the pixels of *path* as Pillow decodes them."""
    with Image.open(path) as image:
        return np.asarray(image if mode is None else image.convert(mode))


WRITTEN = [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP]
