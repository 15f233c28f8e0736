"""Large and odd pictures, within the default memory of a task, in a confined process."""

from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine import MadeVariant, VariantRequest
from tests.unit.processor.engine.drawn import Drawn, as_apng, as_gif
from tests.unit.processor.engine.pictures import WRITTEN, read
from tests.unit.processor.pools import a_pool

GOLD = (200, 160, 40)


async def converted(original: Path, target: ImageFormat, *, longest: int = 0) -> MadeVariant:
    """Return the variant that a process of a pool with default limits makes."""
    request = VariantRequest(
        original.with_name(f"variant.{target}"), VariantOptions(format=target, max_dimension=longest)
    )
    async with a_pool() as pool:
        [made] = await pool.make(original, [request])
    return made


def plain(path: Path, width: int, height: int, colour: tuple[int, ...] = GOLD) -> Path:
    """Write a picture of one colour, which takes as much memory as any other of its size."""
    picture = pyvips.Image.black(width, height, bands=len(colour)).linear([1] * len(colour), colour, uchar=True)
    picture.copy(interpretation="srgb").write_to_file(str(path))
    return path


@pytest.mark.parametrize(
    ("size", "colour"), [((8660, 5773), GOLD), ((6000, 4000), (*GOLD, 90))], ids=["50 opaque", "24 transparent"]
)
@pytest.mark.parametrize("target", [ImageFormat.JPEG, ImageFormat.WEBP, ImageFormat.AVIF])
async def test_megapixels(tmp_path: Path, target: ImageFormat, size: tuple[int, int], colour: tuple[int, ...]) -> None:
    """A camera's largest pictures keep their size, also with transparency; PNG only takes longer."""
    original = plain(tmp_path / "original.png", *size, colour)

    made = await converted(original, target)

    assert (made.width, made.height) == size
    seen = pyvips.Image.new_from_file(str(made.path))
    shown = colour if seen.hasalpha() or len(colour) == 3 else [255 - (255 - one) * 90 / 255 for one in GOLD]
    for x, y in ((0, 0), (size[0] - 1, size[1] - 1), (4000, 2000)):
        assert seen.getpoint(x, y) == pytest.approx(shown, abs=4)


@pytest.mark.parametrize("size", [(1, 16000), (16000, 1)])
@pytest.mark.parametrize("target", WRITTEN)
@pytest.mark.parametrize("longest", [0, 1, 2, 299])
async def test_lines(tmp_path: Path, size: tuple[int, int], target: ImageFormat, longest: int) -> None:
    """A picture of one pixel's width becomes as small as was asked for, and keeps its colour."""
    original = plain(tmp_path / "original.png", *size)

    made = await converted(original, target, longest=longest)

    assert (made.width, made.height) == tuple(min(side, longest or side) for side in size)
    assert np.abs(read(made.path, "RGB").mean(axis=(0, 1)) - GOLD).max() < 6


@pytest.mark.parametrize("kind", ["gif", "apng", "webp"])
async def test_a_thousand_frames(tmp_path: Path, kind: str) -> None:
    """As many as the limit lets pass."""
    frames = [
        Drawn(np.full((40, 60, 4), (number * 37 % 256, number // 4, 30, 255), np.uint8)) for number in range(1000)
    ]
    path = tmp_path / "original"
    if kind == "webp":
        pictures = [Image.fromarray(frame.pixels) for frame in frames]
        pictures[0].save(path, "webp", save_all=True, append_images=pictures[1:], duration=20, method=0)
    else:
        path.write_bytes(as_gif(frames, 60, 40) if kind == "gif" else as_apng(frames, 60, 40))

    made = await converted(path, ImageFormat.WEBP, longest=30)

    assert (made.frames, made.width, made.height) == (1000, 30, 20)


async def test_24_megapixels_with_noise_in_their_transparency(tmp_path: Path) -> None:
    """The most that an encoder of WebP can be made to take: it packs the alpha channel without loss."""
    noise = pyvips.Image.gaussnoise(6000, 4000, mean=128, sigma=30, seed=1).cast("uchar")
    colours = pyvips.Image.black(6000, 4000, bands=3).linear([1] * 3, GOLD, uchar=True)
    picture = colours.bandjoin(noise).copy(interpretation="srgb")
    picture.pngsave(str(tmp_path / "original.png"), compression=1, filter="none")

    made = await converted(tmp_path / "original.png", ImageFormat.WEBP)

    assert (made.width, made.height) == (6000, 4000)


@pytest.mark.parametrize("target", WRITTEN)
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16"])
async def test_kinds_of_samples(tmp_path: Path, mode: str, target: ImageFormat) -> None:
    """A bit, a palette, grey with and without transparency, and 16 bits are shown as they are."""
    grey = np.tile(np.linspace(0, 255, 96).round().astype(np.uint8), (64, 1))
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    stored = deep if mode == "I;16" else Image.fromarray(grey).convert(mode)
    stored.save(tmp_path / "original.png")
    expected = grey if mode == "I;16" else np.asarray(stored.convert("L"))

    made = await converted(tmp_path / "original.png", target)

    limit = 15 if mode == "1" else 4  # dots side by side are the worst there is for every encoder but PNG's
    assert np.abs(read(made.path, "L") - expected).mean() < limit
