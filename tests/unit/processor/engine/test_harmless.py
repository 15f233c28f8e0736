"""What a decoder warns of although every pixel is there."""

from pathlib import Path

import numpy as np
import pytest

from common.formats import ImageFormat
from processor.engine import ImageRefusedError, Refusal
from tests.unit.processor.engine.pictures import difference, gradient, made, noise, read, saved

ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
"""Adobe's segment up to the code of the colour transform."""


def with_sos_of_a_samsung(jpeg: bytes) -> bytes:
    """Return *jpeg* with zeros in its scans' headers, where a sequential JPEG has 0, 63, 0."""
    at = jpeg.index(b"\xff\xda")
    end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return jpeg[: end - 3] + bytes(3) + jpeg[end:]


def with_another_jfif(jpeg: bytes) -> bytes:
    """Return *jpeg* with a revision of JFIF that there never was."""
    at = jpeg.index(b"JFIF\0") + 5
    return jpeg[:at] + b"\x02\x63" + jpeg[at + 2 :]


def with_another_transform(jpeg: bytes) -> bytes:
    """Return *jpeg* with Adobe's segment in place of JFIF's, and a colour transform that there never was."""
    start = jpeg.index(b"\xff\xe0")
    end = start + 2 + int.from_bytes(jpeg[start + 2 : start + 4], "big")
    return jpeg[:start] + ADOBE + b"\x03" + jpeg[end:]


def with_all_of_it(jpeg: bytes) -> bytes:
    """Return *jpeg* with everything at once; only the first warning is ever heard."""
    return with_sos_of_a_samsung(with_another_transform(jpeg[:2] + with_another_jfif(jpeg)[2:]))


every_kind = pytest.mark.parametrize(
    "edit", [with_sos_of_a_samsung, with_another_jfif, with_another_transform, with_all_of_it]
)


@every_kind
@pytest.mark.parametrize("options", [{}, {"max_dimension": 60}])
def test_a_warning_that_costs_no_pixel_changes_none(tmp_path: Path, edit: object, options: dict[str, int]) -> None:
    """The variant is that of the same file without its oddity."""
    original = saved(tmp_path, noise(300, 200), "original.jpeg", quality=90)
    expected = read(made(original, ImageFormat.PNG, quality=100, **options).path)
    original.write_bytes(edit(original.read_bytes()))  # type: ignore[operator]

    variant = made(original, ImageFormat.PNG, quality=100, **options)

    assert np.array_equal(read(variant.path), expected)


@every_kind
def test_it_hides_no_damage(tmp_path: Path, edit: object) -> None:
    """A file with an oddity whose pixels were overwritten, or that was cut, is damaged like any other."""
    original = saved(tmp_path, noise(300, 200), "original.jpeg", quality=90)
    odd: bytes = edit(original.read_bytes())  # type: ignore[operator]
    half = len(odd) // 2
    foreign = noise(4000, 1, channels=1).tobytes()

    for damaged in (odd[:half], odd[:half] + foreign + odd[half + 4000 :]):
        original.write_bytes(damaged)
        with pytest.raises(ImageRefusedError) as caught:
            made(original, ImageFormat.PNG)
        assert caught.value.code is Refusal.IMAGE_DAMAGED


def test_an_oddity_is_mended_in_every_scan(tmp_path: Path) -> None:
    """A JPEG whose components come one after another has a scan's header for each."""
    interleaved = saved(tmp_path, noise(80, 60), "original.jpeg", quality=90, subsampling=0)
    expected = read(made(interleaved, ImageFormat.PNG, quality=100).path)
    progressive = saved(tmp_path, noise(80, 60), "progressive.jpeg", quality=90, subsampling=0, progressive=True)
    progressive.write_bytes(with_another_jfif(progressive.read_bytes()))

    variant = made(progressive, ImageFormat.PNG, quality=100)

    assert np.array_equal(read(variant.path), expected)


@pytest.mark.parametrize("name", ["arithmetic.jpg", "arithmetic-progressive.jpg"])
def test_arithmetic_coding_is_shown(tmp_path: Path, name: str) -> None:
    """A JPEG in the standard's other coding, of 64 x 48 pixels of a gradient, is a picture like any."""
    original = tmp_path / name
    original.write_bytes((Path(__file__).parent / "files" / name).read_bytes())

    variant = made(original, ImageFormat.PNG, quality=100)

    assert difference(read(variant.path, "RGB"), gradient(64, 48)) < 3
