"""How the frames of an animation are put together: as browsers do, to the pixel."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine import ImageLimits, ImageRefusedError, Refusal
from processor.engine.decoding.decode import open_decoder
from processor.engine.decoding.header import read_header, refuse_beyond
from processor.engine.decoding.original import Original
from processor.engine.plan import plan_decodes
from tests.unit.processor.engine.drawn import (
    CLEAR,
    KEEP,
    RESTORE,
    Drawn,
    as_apng,
    as_gif,
    filling,
    random_frames,
    shown,
)
from tests.unit.processor.engine.pictures import Pixels, difference, made, noise, read

RED, GREEN, BLUE = (230, 20, 20, 255), (20, 230, 20, 255), (20, 20, 230, 255)


def plain(colour: tuple[int, ...], width: int, height: int) -> Pixels:
    """Return a picture of one colour."""
    return np.full((height, width, 4), colour, np.uint8)


def decoded(content: bytes, image_format: ImageFormat = ImageFormat.WEBP) -> list[Pixels]:
    """Return the frames that the engine would make a variant of."""
    header = read_header(content)
    [planned], _ = plan_decodes(header, [VariantOptions(format=image_format)], megapixels=100)
    pixels = open_decoder(Original(content, object()), header, planned, forgiving=False)(planned.pictures[0].spec)
    pixels = pixels.colourspace("srgb")
    frames = np.asarray(pixels if pixels.hasalpha() else pixels.addalpha())
    return list(frames.reshape(-1, header.height, header.width, 4))


def visible(frames: list[Pixels]) -> list[Pixels]:
    """Return *frames* with no colour where nothing is to be seen."""
    return [np.where(frame[..., 3:] == 0, 0, frame) for frame in frames]


def assert_shown(content: bytes, frames: list[Drawn], width: int, height: int, *, within: int = 0) -> None:
    """Assert that the engine sees what browsers show of *frames*."""
    expected = visible(shown(frames, width, height))
    found = visible(decoded(content))
    assert len(found) == len(expected)
    assert max(int(np.abs(one.astype(int) - other).max()) for one, other in zip(found, expected, strict=True)) <= within


@pytest.mark.parametrize("seed", range(60))
def test_gif_frames_of_any_kind(seed: int) -> None:
    """Places, sizes, transparency and disposals in any order; a background colour is never seen."""
    random = np.random.default_rng(seed)
    width, height = (int(side) for side in random.integers(1, 12, 2))
    frames = random_frames(random, width, height)

    assert_shown(as_gif(frames, width, height), frames, width, height)


@pytest.mark.parametrize("seed", range(30))
def test_apng_frames_of_any_kind(seed: int) -> None:
    """Places, sizes, disposals and both ways to blend, in any order; the first frame fills the canvas."""
    random = np.random.default_rng(seed)
    width, height = (int(side) for side in random.integers(1, 12, 2))
    frames = filling([*random_frames(random, width, height), *random_frames(random, width, height)], width, height)

    assert_shown(as_apng(frames, width, height), frames, width, height)


@pytest.mark.parametrize("seed", range(10))
def test_apng_frames_that_are_half_seen_through(seed: int) -> None:
    """Blending mixes colours by their opacity; replacing does not."""
    random = np.random.default_rng(seed)
    frames = [
        Drawn(random.integers(0, 256, (9, 9, 4), np.uint8)),
        Drawn(random.integers(0, 256, (5, 4, 4), np.uint8), 3, 2, replaces=bool(seed % 2)),
    ]

    found, expected = decoded(as_apng(frames, 9, 9)), shown(frames, 9, 9)

    for one, other in zip(found, expected, strict=True):
        weight = other[..., 3:] / 255
        assert np.abs(one * weight - other * weight).max() <= 2


def test_a_still_gif_that_does_not_fill_its_canvas(tmp_path: Path) -> None:
    """Its only frame stands on nothing, also in a PNG; on white in a JPEG."""
    content = as_gif([Drawn(plain(RED, 20, 10), 10, 10)], 40, 30)
    (tmp_path / "original.gif").write_bytes(content)

    png = read(made(tmp_path / "original.gif", ImageFormat.PNG).path, "RGBA")
    jpeg = read(made(tmp_path / "original.gif", ImageFormat.JPEG).path, "RGB")

    assert (png[0, 0, 3], tuple(png[15, 15])) == (0, RED)
    assert jpeg[0, 0].min() > 235


def test_gif_frames_beyond_the_canvas_are_cut() -> None:
    """The first frame makes the canvas larger, as in browsers; later ones are cut, or not seen at all."""
    inside, beyond, off = Drawn(plain(RED, 8, 8)), Drawn(plain(GREEN, 8, 8), 5, 5), Drawn(plain(BLUE, 2, 2), 20, 20)
    frames = [inside, beyond, off]

    assert_shown(as_gif(frames, 8, 8), frames, 8, 8)
    header = read_header(as_gif([beyond, inside], 8, 8))
    assert (header.width, header.height) == (13, 13)


@pytest.mark.parametrize("plays", [0, 1, 3])
def test_an_animated_png_becomes_an_animated_webp(tmp_path: Path, plays: int) -> None:
    """Every frame, its time and the number of plays come along."""
    frames = [
        Drawn(plain(RED, 60, 40), milliseconds=100),
        Drawn(plain(GREEN, 30, 20), 10, 10, CLEAR, milliseconds=70),
        Drawn(plain(BLUE, 20, 20), 40, 20, RESTORE, milliseconds=400),
        Drawn(plain(RED, 2, 2), 0, 0, KEEP, milliseconds=30),
    ]
    (tmp_path / "original.png").write_bytes(as_apng(frames, 60, 40, plays=plays))

    variant = made(tmp_path / "original.png", ImageFormat.WEBP)

    assert (variant.frames, variant.original_frames) == (4, 4)
    with Image.open(variant.path) as image:
        assert image.info["loop"] == plays
        for number, picture in enumerate(shown(frames, 60, 40)):
            image.seek(number)
            image.load()
            [found] = visible([np.asarray(image.convert("RGBA"))])
            assert difference(found, picture) < 6
            assert image.info["duration"] == frames[number].milliseconds


@pytest.mark.parametrize("keep_metadata", [False, True])
@pytest.mark.parametrize("hidden", [False, True])
def test_a_still_of_an_animated_png_is_its_default_picture(
    tmp_path: Path, *, hidden: bool, keep_metadata: bool
) -> None:
    """Formats without frames get what readers show that know no animation, and say how many frames there were."""
    frames = [Drawn(plain(RED, 40, 30)), Drawn(plain(GREEN, 40, 30))]
    still = plain(BLUE, 40, 30) if hidden else None
    (tmp_path / "original.png").write_bytes(as_apng(frames, 40, 30, still=still))

    for target in (ImageFormat.PNG, ImageFormat.JPEG, ImageFormat.AVIF):
        variant = made(tmp_path / "original.png", target, keep_metadata=keep_metadata)

        assert (variant.frames, variant.original_frames) == (1, 2)
        assert difference(read(variant.path, "RGB")[0, 0], np.array((BLUE if hidden else RED)[:3])) < 5


def test_an_animation_of_one_frame_is_a_still(tmp_path: Path) -> None:
    """What does not move is no animation."""
    (tmp_path / "original.png").write_bytes(as_apng([Drawn(plain(RED, 40, 30))], 40, 30))

    assert made(tmp_path / "original.png", ImageFormat.WEBP).original_frames == 1


def test_the_pixels_of_all_apng_frames_count() -> None:
    """A hundred frames of a megapixel each are a hundred megapixels; so is the number of frames limited."""
    frames = [Drawn(plain(RED, 1000, 1000)), *[Drawn(plain(GREEN, 1, 1))] * 99]
    header = read_header(as_apng(frames, 1000, 1000))

    refuse_beyond(ImageLimits(megapixels=100, side_pixels=1000), header)
    with pytest.raises(ImageRefusedError, match=r"100\.0 megapixels in all; the limit is 99") as caught:
        refuse_beyond(ImageLimits(megapixels=99, side_pixels=1000), header)
    assert caught.value.code is Refusal.IMAGE_TOO_LARGE
    with pytest.raises(ImageRefusedError, match="100 frames; the limit is 99"):
        refuse_beyond(ImageLimits(megapixels=100, side_pixels=1000, frames=99), header)


def test_a_damaged_animated_png_is_refused() -> None:
    """A cut file, a frame that is missing, overwritten or beyond the canvas: damage, in words for the owner."""
    sound = as_apng([Drawn(plain(RED, 40, 30)), Drawn(plain(GREEN, 9, 9)), Drawn(plain(BLUE, 9, 9))], 40, 30)
    second, third = [at for at in range(len(sound)) if sound.startswith(b"fcTL", at)][1:]
    overwritten = sound.replace(sound[third + 30 : third + 60], bytes(30))
    beyond = as_apng([Drawn(plain(RED, 40, 30)), Drawn(plain(GREEN, 9, 9), 35, 0)], 40, 30)

    for damaged in (sound[:-40], sound[: second - 4] + sound[third - 4 :], overwritten, beyond):
        with pytest.raises(ImageRefusedError, match="animation") as caught:
            read_header(damaged)
        assert caught.value.code is Refusal.IMAGE_DAMAGED


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB"])
def test_apng_frames_of_every_kind_of_sample(tmp_path: Path, mode: str) -> None:
    """Palettes and grey are as good as colours."""
    greys = [np.tile(np.arange(start, start + 48, dtype=np.uint8), (20, 1)) for start in (0, 100, 200)]
    frames = [Image.fromarray(grey).convert(mode) for grey in greys]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])

    found = decoded((tmp_path / "a.png").read_bytes())

    expected = [np.asarray(frame.convert("L")) for frame in frames] if mode == "1" else greys
    for one, other in zip(found, expected, strict=True):
        assert np.abs(one[..., :3].astype(int) - other[..., np.newaxis]).max() <= 1
        assert one[..., 3].min() == 255


def test_apng_frames_of_16_bits() -> None:
    """They are put together in 8 bits."""
    random = np.random.default_rng(1)
    frames = [Drawn(random.integers(0, 256, (9, 9, 4), np.uint8)), Drawn(plain(RED, 4, 4), 2, 2)]
    deep = [replace(frame, pixels=frame.pixels.astype(np.uint16) * 257) for frame in frames]

    assert_shown(as_apng(deep, 9, 9), frames, 9, 9, within=1)


def test_an_animated_avif_is_its_first_picture(tmp_path: Path) -> None:
    """Also where the file says first that it is a sequence; what it says of itself is one frame."""
    Image.fromarray(plain(RED, 40, 30)).save(tmp_path / "original.avif")
    still = (tmp_path / "original.avif").read_bytes()
    assert still[4:12] == b"ftypavif"
    (tmp_path / "original.avif").write_bytes(still[:8] + b"avis" + still[12:])

    variant = made(tmp_path / "original.avif", ImageFormat.WEBP)

    assert (variant.width, variant.height, variant.frames, variant.original_frames) == (40, 30, 1, 1)
    assert difference(read(variant.path, "RGB")[0, 0], np.array(RED[:3])) < 6


@pytest.mark.parametrize("is_noisy", [False, True])
def test_a_hole_that_a_disposal_leaves_is_announced(tmp_path: Path, *, is_noisy: bool) -> None:
    """An animated WebP says that it can be seen through also where each frame's own pixels are opaque."""
    first = noise(60, 40, channels=4) | np.array([0, 0, 0, 255], np.uint8) if is_noisy else plain(RED, 60, 40)
    frames = [Drawn(first), Drawn(plain(GREEN, 30, 20), 10, 10, CLEAR), Drawn(plain(BLUE, 4, 4), 50, 30)]
    (tmp_path / "original.png").write_bytes(as_apng(frames, 60, 40))

    variant = made(tmp_path / "original.png", ImageFormat.WEBP)

    assert variant.path.read_bytes()[20] & 0x10
    with Image.open(variant.path) as image:
        image.seek(2)
        assert image.mode == "RGBA"
        assert np.asarray(image)[20, 20, 3] == 0


@pytest.mark.parametrize("is_noisy", [False, True])
@pytest.mark.parametrize("side", [4, 9, 40])
def test_equal_frames_that_can_be_seen_through_become_a_still(tmp_path: Path, side: int, *, is_noisy: bool) -> None:
    """The encoder makes one picture of equal frames, lossy or not; it is readable and as clear as they were."""
    pixels = noise(40, 40, channels=4) if is_noisy else plain((230, 20, 20, 128), 40, 40)
    pixels[:20, :, 3] = 0
    original = tmp_path / "original.png"
    original.write_bytes(as_apng([Drawn(pixels, replaces=True)] * 3, 40, 40))

    variant = made(original, ImageFormat.WEBP, max_dimension=side, quality=90)

    clear = read(variant.path, "RGBA")[..., 3]
    assert clear.shape == (side, side)
    assert clear[: side // 4].max(initial=0) <= 8 < clear[-1].max()
