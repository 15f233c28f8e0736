"""A variant of the same format and size is never larger than its original."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from common.formats import ImageFormat
from tests.unit.processor.engine.pictures import difference, gradient, made, noise, read, saved


@pytest.mark.parametrize("keep_metadata", [False, True])
@pytest.mark.parametrize("source", ["jpeg", "webp", "avif"])
@pytest.mark.parametrize("quality", [80, 100])
def test_what_was_squeezed_harder_keeps_its_pixels(
    tmp_path: Path, source: ImageFormat, quality: int, *, keep_metadata: bool
) -> None:
    """An original of low quality is not blown up by asking for a higher one; nothing of it is lost."""
    original = saved(tmp_path, noise(120, 80), f"original.{source}", quality=15)

    variant = made(original, ImageFormat(source), quality=quality, keep_metadata=keep_metadata)

    assert variant.byte_size <= original.stat().st_size
    assert np.array_equal(read(variant.path), read(original))


def test_a_png_that_was_packed_well_keeps_its_pixels(tmp_path: Path) -> None:
    """A palette PNG is not unpacked into a larger one."""
    palette = Image.fromarray(noise(120, 80)).quantize(16)
    original = tmp_path / "original.png"
    palette.save(original, optimize=True)

    variant = made(original, ImageFormat.PNG, quality=100)

    assert variant.byte_size <= original.stat().st_size
    assert np.array_equal(read(variant.path, "RGB"), read(original, "RGB"))


@pytest.mark.parametrize("source", ["png", "webp", "jpeg"])
def test_a_single_pixel_does_not_grow(tmp_path: Path, source: str) -> None:
    """Where nothing can be saved, nothing is added."""
    original = saved(tmp_path, np.full((1, 1, 3), 99, np.uint8), f"original.{source}")

    variant = made(original)

    assert variant.byte_size <= original.stat().st_size


def test_a_turned_original_does_not_grow_either(tmp_path: Path) -> None:
    """Its pixels cannot stay where they are, so it gives up some quality instead."""
    exif = Image.Exif()
    exif[0x0112] = 3
    original = saved(tmp_path, gradient(200, 150), "original.jpeg", quality=5, exif=exif)

    variant = made(original, quality=90)

    assert variant.byte_size <= original.stat().st_size
    assert difference(read(variant.path, "RGB"), read(original, "RGB")[::-1, ::-1]) < 25


def test_the_profile_stays_with_the_pixels_that_need_it(tmp_path: Path) -> None:
    """Kept pixels keep their colour profile, without which they would look otherwise, but no other metadata."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x013B] = "Ada Lovelace"
    original = saved(tmp_path, noise(300, 200), "original.jpeg", quality=15, icc_profile=profile, exif=exif)

    variant = made(original)

    with Image.open(variant.path) as image:
        assert image.info["icc_profile"] == profile
        assert len(image.getexif()) == 0


def test_an_animation_that_is_kept_keeps_its_frames(tmp_path: Path) -> None:
    """Frames count as pixels that stay."""
    frames = [Image.fromarray(noise(60, 40) ^ shade) for shade in (0, 90, 180)]
    original = tmp_path / "original.webp"
    frames[0].save(original, save_all=True, append_images=frames[1:], quality=5)

    variant = made(original, quality=100)

    assert variant.byte_size <= original.stat().st_size
    assert variant.frames == 3


def test_a_file_that_only_the_decoder_forgives_is_no_failure(tmp_path: Path) -> None:
    """Found by fuzzing: a packer that refuses what the decoder passed is left out, not raised."""
    original = tmp_path / "original.png"
    Image.fromarray(noise(120, 80)).quantize(16).save(original, optimize=True)
    data, pixels = original.read_bytes(), read(original, "RGB")
    wrong_checksum = b"\0\0\0\4tEXta\0bc" + b"\0\0\0\0"
    original.write_bytes(data[:33] + wrong_checksum + data[33:])

    variant = made(original, ImageFormat.PNG, quality=100)

    assert np.array_equal(read(variant.path, "RGB"), pixels)
