"""Which pixels a variant shows, against numpy's slices, turns and pads as a slow and plain reference."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from common.formats import ImageFormat
from common.options.geometry import Crop, Sides
from common.options.variant import VariantOptions
from processor.engine import ImageRefusedError, Refusal
from tests.unit.processor.engine.pictures import WRITTEN, Pixels, difference, gradient, made, read, saved

LOSSLESS: dict[str, Any] = {"image_format": ImageFormat.PNG, "quality": 100}
WIDTH, HEIGHT = 41, 29
_ONE_FOLDER = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def oriented(folder: Path, orientation: int, *, channels: int = 3) -> tuple[Path, Pixels]:
    """Return a file whose EXIF says *orientation*, and its pixels as they are seen upright."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = Image.fromarray(gradient(WIDTH, HEIGHT, channels=channels))
    path = folder / "original.png"
    stored.save(path, exif=exif)
    with Image.open(path) as image:
        return path, np.asarray(ImageOps.exif_transpose(image))


def turned(pixels: Pixels, rotate: int | None, flip: str | None) -> Pixels:
    """Return *pixels* rotated clockwise, then mirrored."""
    pixels = np.rot90(pixels, -(rotate or 0) // 90)
    return {None: pixels, "horizontal": pixels[:, ::-1], "vertical": pixels[::-1]}[flip]


def brightness(pixels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how bright each pixel is on white: colours of half the resolution, as WebP's, do not matter."""
    alpha = pixels[..., 3] / 255
    return np.asarray(pixels[..., :3].mean(-1) * alpha + 255 * (1 - alpha)).round().astype(np.int64)


@_ONE_FOLDER
@given(
    orientation=st.integers(1, 8),
    rotate=st.sampled_from([None, 90, 180, 270]),
    flip=st.sampled_from([None, "horizontal", "vertical"]),
    corners=st.tuples(*[st.integers(0, HEIGHT - 1)] * 4),
    padding=st.tuples(*[st.integers(0, 5)] * 4),
)
def test_parts_turns_and_padding_are_exact(
    tmp_path: Path,
    orientation: int,
    rotate: int | None,
    flip: str | None,
    corners: tuple[int, ...],
    padding: tuple[int, ...],
) -> None:
    """Every pixel of the crop is there, turned after its orientation, with nothing but background around."""
    original, upright = oriented(tmp_path, orientation)
    (left, right), (top, bottom) = sorted(corners[:2]), sorted(corners[2:])
    crop = Crop(left=left, top=top, width=right - left + 1, height=bottom - top + 1)
    sides = Sides(top=padding[0], right=padding[1], bottom=padding[2], left=padding[3])

    variant = made(original, crop=crop, rotate=rotate, flip=flip, padding=sides, background="#0a141e", **LOSSLESS)

    part = turned(upright[top : bottom + 1, left : right + 1], rotate, flip)
    around = ((sides.top, sides.bottom), (sides.left, sides.right))
    expected = np.stack(
        [np.pad(part[..., band], around, constant_values=value) for band, value in enumerate((10, 20, 30))], axis=-1
    )
    assert np.array_equal(read(variant.path, "RGB"), expected)


@_ONE_FOLDER
@given(
    orientation=st.integers(1, 8),
    rotate=st.sampled_from([None, 90, 270]),
    box=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    fit=st.sampled_from(["cover", "contain", "fill"]),
    enlarge=st.booleans(),
)
def test_no_hairline_of_another_colour(
    tmp_path: Path, orientation: int, rotate: int | None, box: tuple[int, int], fit: str, *, enlarge: bool
) -> None:
    """A picture of one colour stays of one colour to its edges; only contain's own box shows the background."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    original = tmp_path / "flat.png"
    Image.new("RGB", (WIDTH, HEIGHT), (200, 30, 60)).save(original, exif=exif)

    variant = made(
        original,
        width=box[0],
        height=box[1],
        fit=fit,
        enlarge=enlarge,
        rotate=rotate,
        background="#0a141e",
        **LOSSLESS,
    )

    pixels = read(variant.path, "RGB")
    is_picture = np.asarray((abs(pixels - (200, 30, 60)) <= 4).all(-1))  # a strong reduction rounds its weights
    is_background = np.asarray((pixels == (10, 20, 30)).all(-1))
    assert (is_picture | is_background).all()
    rows, columns = (np.flatnonzero(np.asarray(is_picture.any(axis=axis))) for axis in (1, 0))
    assert is_picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
    assert fit == "contain" or is_picture.all()


@pytest.mark.parametrize("target", WRITTEN)
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize(
    "options",
    [
        {"width": 20, "height": 20, "fit": "cover"},
        {"width": 20, "height": 20, "fit": "contain"},
        {"crop": {"left": 4, "top": 4, "width": 20, "height": 20}},
        {"aspect_ratio": "1:1", "rotate": 90},
        {"width": 20, "height": 20, "fit": "cover", "focus": "attention"},
        {"width": 18, "height": 18, "fit": "fill", "padding": 1, "background": "gray"},
    ],
    ids=str,
)
def test_every_format_shows_the_same(
    tmp_path: Path, target: ImageFormat, channels: int, orientation: int, options: dict[str, Any]
) -> None:
    """Each format shows what the lossless PNG does, within what its encoder loses; JPEG on white."""
    original, _ = oriented(tmp_path, orientation, channels=channels)
    asked = VariantOptions.model_validate(options).model_dump(exclude_unset=True, by_alias=False)
    reference = read(made(original, **LOSSLESS, **asked).path, "RGBA")

    variant = read(made(original, target, quality=100, **asked).path, "RGBA")

    assert variant.shape == reference.shape
    assert difference(brightness(variant), brightness(reference)) < 8  # a pixel further would be 14


@pytest.mark.parametrize("focus", [(0.0, 0.0), (0.5, 0.5), (0.9, 0.1), (1.0, 1.0)])
def test_a_point_stays_in_the_picture(tmp_path: Path, focus: tuple[float, float]) -> None:
    """Cover cuts so that the point is as near the middle as the edges allow."""
    original = saved(tmp_path, gradient(200, 100))

    variant = made(original, width=50, height=50, fit="cover", focus={"x": focus[0], "y": focus[1]}, **LOSSLESS)

    left = min(max(0, round(focus[0] * 100 - 25)), 50)
    expected = Image.fromarray(gradient(200, 100)).resize((100, 50), Image.Resampling.LANCZOS)
    assert difference(read(variant.path, "RGB"), np.asarray(expected)[:, left : left + 50]) < 1


def test_attention_finds_what_stands_out(tmp_path: Path) -> None:
    """A coloured noise in a corner of a grey picture is kept; the centre alone would lose it."""
    pixels = np.full((100, 300, 3), 128, np.uint8)
    pixels[20:80, 230:290] = np.random.default_rng(3).integers(0, 256, (60, 60, 3), np.uint8)

    variant = made(saved(tmp_path, pixels), width=100, height=100, fit="cover", focus="attention", **LOSSLESS)

    assert (read(variant.path, "RGB") != 128).any(-1).sum() > 3000


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("border", [(255, 255, 255, 255), (0, 0, 0, 0), (12, 99, 40, 255)])
def test_trim_finds_the_picture_within_its_border(tmp_path: Path, orientation: int, border: tuple[int, ...]) -> None:
    """The border of the first pixel's colour goes, whatever the orientation; a few pixels hold a side."""
    pixels = np.full((60, 80, 4), border, np.uint8)
    pixels[20:40, 30:70] = (250, 10, 10, 255)
    pixels[48:51, 35:38] = (250, 10, 10, 255)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    original = tmp_path / "original.png"
    Image.fromarray(pixels).save(original, exif=exif)

    variant = made(original, trim=True, **LOSSLESS)

    stored = Image.fromarray(pixels[20:51, 30:70])
    stored.info["exif"] = exif.tobytes()
    stored.getexif()[ExifTags.Base.Orientation] = orientation
    expected = np.asarray(ImageOps.exif_transpose(stored))
    assert np.array_equal(read(variant.path, "RGBA"), expected)


def test_a_picture_of_one_colour_has_no_border(tmp_path: Path) -> None:
    """Trim leaves it whole."""
    original = saved(tmp_path, np.full((20, 30, 3), 7, np.uint8))

    variant = made(original, trim=True, **LOSSLESS)

    assert (variant.width, variant.height) == (30, 20)


@pytest.mark.parametrize(
    "options", [{"rotate": 90}, {"crop": Crop(left=5, top=3, width=20, height=10)}, {"padding": 3}]
)
def test_animations_change_frame_by_frame(tmp_path: Path, options: dict[str, Any]) -> None:
    """Every frame of an animation is what the still picture becomes."""
    frames = [Image.fromarray(np.roll(gradient(40, 30), 7 * number, axis=1)) for number in range(3)]
    original = tmp_path / "original.webp"
    frames[0].save(original, save_all=True, append_images=frames[1:], lossless=True, duration=100)

    variant = made(original, ImageFormat.WEBP, quality=100, background="black", **options)

    assert variant.frames == 3
    with Image.open(variant.path) as animation:
        for number, frame in enumerate(frames):
            frame.save(tmp_path / "still.png")
            still = made(tmp_path / "still.png", background="black", **options, **LOSSLESS)
            animation.seek(number)
            assert difference(np.asarray(animation.convert("L")), read(still.path, "L")) < 3


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"crop": Crop(left=30, top=0, width=20, height=10)}, Refusal.CROP_OUTSIDE),
        ({"width": 16384, "height": 16384, "fit": "contain"}, Refusal.VARIANT_TOO_LARGE),
        ({"width": 16384, "height": 16384, "fit": "cover", "enlarge": True}, Refusal.VARIANT_TOO_LARGE),
        ({"padding": 16384}, Refusal.VARIANT_TOO_LARGE),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, options: dict[str, Any], code: Refusal) -> None:
    """A crop outside of the image, and a variant of more pixels than an original may have, are refused by name."""
    original = saved(tmp_path, gradient(WIDTH, HEIGHT))

    with pytest.raises(ImageRefusedError) as refused:
        made(original, ImageFormat.PNG, **options)

    assert refused.value.code is code


@pytest.mark.parametrize("options", [{"rotate": 180}, {"flip": "vertical"}, {"grayscale": True}, {"blur": 2.0}])
def test_the_same_size_is_not_the_same_picture(tmp_path: Path, options: dict[str, Any]) -> None:
    """What is larger than its original is not replaced by the original's own pixels."""
    original = saved(tmp_path, gradient(64, 64), "original.jpeg", quality=5)

    variant = made(original, ImageFormat.JPEG, quality=100, **options)

    assert difference(read(variant.path, "RGB"), read(original, "RGB")) > 1


def test_blur_takes_no_colour_from_what_cannot_be_seen(tmp_path: Path) -> None:
    """Red on a transparent blue stays red at its soft edge."""
    pixels = np.full((40, 40, 4), (0, 0, 255, 0), np.uint8)
    pixels[10:30, 10:30] = (255, 0, 0, 255)

    variant = read(made(saved(tmp_path, pixels), blur=3.0, **LOSSLESS).path, "RGBA")

    seen = variant[variant[..., 3] > 20]
    assert len(seen) > 500
    assert seen[:, 0].min() >= 250
    assert seen[:, 2].max() <= 5


def test_sharpen_makes_edges_steeper(tmp_path: Path) -> None:
    """A soft step from dark to light becomes steeper, and a flat part stays flat."""
    step = np.clip((np.arange(60) - 25) * 20, 50, 200).astype(np.uint8)
    original = saved(tmp_path, np.tile(step[np.newaxis, :, np.newaxis], (40, 1, 3)))

    before, after = read(original, "L"), read(made(original, sharpen=2.0, **LOSSLESS).path, "L")

    assert np.abs(np.diff(after[20])).max() > np.abs(np.diff(before[20])).max()
    assert np.abs(after[:, :10] - before[:, :10]).max() <= 1


def test_grayscale_has_no_colour(tmp_path: Path) -> None:
    """Red, green and blue are equal everywhere, by their luminance."""
    variant = read(made(saved(tmp_path, gradient(64, 64)), grayscale=True, **LOSSLESS).path, "RGB")

    assert np.ptp(variant, axis=-1).max() == 0
    assert variant.std() > 10
