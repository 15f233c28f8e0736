"""What the engine refuses, and in which words."""

import struct
from pathlib import Path

import pytest
import pyvips

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine import ImageLimits, ImageRefusedError, Refusal, VariantRequest
from processor.engine.refusals import explain
from tests.doubles.engine import make_files
from tests.unit.processor.engine.pictures import gradient, made, noise, saved

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400"><rect width="400" height="400"/></svg>'


@pytest.mark.parametrize("source", ["jpeg", "png", "webp", "gif", "tiff", "avif"])
@pytest.mark.parametrize("options", [{}, {"max_dimension": 60}])
def test_truncated_data_is_refused(tmp_path: Path, source: str, options: dict[str, int]) -> None:
    """Half a file never becomes a half-grey picture; the reason says what is wrong."""
    original = saved(tmp_path, noise(300, 200), f"original.{source}")
    original.write_bytes(original.read_bytes()[: original.stat().st_size // 2])

    with pytest.raises(ImageRefusedError) as caught:
        made(original, ImageFormat.JPEG, **options)

    assert caught.value.code is Refusal.IMAGE_DAMAGED
    assert caught.value.reason.startswith("The image is damaged or incomplete: ")
    assert str(tmp_path) not in caught.value.reason


def test_a_progressive_jpeg_without_its_last_scans_is_refused(tmp_path: Path) -> None:
    """A picture that is there but coarse, because its refinements are missing, is damaged too."""
    original = saved(tmp_path, noise(300, 200), "original.jpeg", progressive=True, quality=90)
    original.write_bytes(original.read_bytes()[: original.stat().st_size * 9 // 10])

    with pytest.raises(ImageRefusedError) as caught:
        made(original, ImageFormat.JPEG)

    assert caught.value.code is Refusal.IMAGE_DAMAGED


@pytest.mark.parametrize(
    "content",
    [b"", b"no picture", SVG.encode(), b"push graphic-context\nimage over 0,0 0,0 'label:@/etc/passwd'", b"%PDF-1.7\n"],
)
def test_what_is_no_accepted_image_is_refused(tmp_path: Path, content: bytes) -> None:
    """Text, SVG, MVG and PDF reach no decoder, whatever the file is called."""
    original = tmp_path / "original.png"
    original.write_bytes(content)

    with pytest.raises(ImageRefusedError) as caught:
        made(original, ImageFormat.PNG)

    assert caught.value.code is Refusal.UNSUPPORTED_FORMAT


def refused_within(limits: ImageLimits, original: Path) -> ImageRefusedError:
    """Return what the engine says of *original* under *limits*."""
    with pytest.raises(ImageRefusedError) as caught:
        make_files(original, [VariantRequest(original.with_name("variant"), VariantOptions())], limits)
    return caught.value


def test_a_long_side_is_refused_by_name(tmp_path: Path) -> None:
    """One side over the limit is enough, and the limit is told."""
    refusal = refused_within(ImageLimits(megapixels=1, side_pixels=100), saved(tmp_path, gradient(10, 101)))

    assert refusal.code is Refusal.IMAGE_TOO_LARGE
    assert refusal.reason == "The image is 10 x 101 pixels; a side may have 100 pixels at most."


def test_a_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    """A header that lies about the size is taken at its word, before any decode."""
    original = saved(tmp_path, gradient(10, 10), "original.jpeg")
    data = bytearray(original.read_bytes())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", 16000, 16000)
    original.write_bytes(data)

    refusal = refused_within(ImageLimits(megapixels=100, side_pixels=16384), original)

    assert refusal.code is Refusal.IMAGE_TOO_LARGE
    assert refusal.reason == "The image has 256.0 megapixels in all; the limit is 100."


def test_overwritten_data_is_refused(tmp_path: Path) -> None:
    """A JPEG whose middle was lost on a disk is damaged, although its decoder only warns."""
    original = saved(tmp_path, noise(300, 200), "original.jpeg")
    data = original.read_bytes()
    foreign = noise(4000, 1, channels=1).tobytes()
    original.write_bytes(data[: len(data) // 2] + foreign + data[len(data) // 2 + 4000 :])

    with pytest.raises(ImageRefusedError) as caught:
        made(original, ImageFormat.JPEG)

    assert caught.value.code is Refusal.IMAGE_DAMAGED


def test_padding_is_no_damage(tmp_path: Path) -> None:
    """Bytes between a JPEG's scan and its end, as some cameras leave them, cost no pixel and no job."""
    original = saved(tmp_path, noise(300, 200), "original.jpeg")
    data = original.read_bytes()
    original.write_bytes(data[:-2] + b"padding" + data[-2:])

    variant = made(original, ImageFormat.JPEG, max_dimension=100)

    assert variant.width == 100


@pytest.mark.parametrize(
    "complaint",
    [
        "vips_tracked: out of memory -- size == 102MB",
        "webp: picture memory error",
        "heif: Memory allocation error: Unspecified: Allocating 80222415 bytes failed (6.0)",
        "heif: Encoder plugin generated an error: av1_create_context_and_bufferpool() failed (8.5001)",
    ],
)
def test_a_lack_of_memory_is_no_fault_of_the_image(complaint: str) -> None:
    """Seen in real runs: decoders and encoders have many words for it, and the job may be tried again."""
    assert isinstance(explain(pyvips.Error("unable to call VipsForeign", complaint), ImageFormat.AVIF), MemoryError)


def test_an_image_that_asks_for_too_much_is_damaged() -> None:
    """A header that makes a decoder refuse to allocate is the image's own fault."""
    complaint = "heif: Memory allocation error: Security limit exceeded: Allocating 9 bytes exceeds the security limit"

    refusal = explain(pyvips.Error("unable to call VipsForeign", complaint), ImageFormat.AVIF)

    assert isinstance(refusal, ImageRefusedError)
    assert refusal.code is Refusal.IMAGE_DAMAGED
