"""No variant counts that does not show what its original shows."""

import io
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import pyvips
from PIL import Image

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine import EncodedVariant
from processor.engine.decoding.original import Original
from processor.engine.likeness.comparing import UnlikeOriginalError
from processor.engine.picture import PictureSpec
from processor.engine.recipe import STEPS, Recipe, Step, make_variants
from processor.engine.verify import UnexpectedOutputError
from tests.unit.processor.engine.drawn import as_gif, random_frames
from tests.unit.processor.engine.pictures import LIMITS, WRITTEN, Pixels, gradient, noise
from tests.unit.processor.engine.test_colour_carriers import COLOURS, LINEAR, with_chunks

SIDE = 64
FULLY = Recipe(compared_one_in=1)
PORTRAIT = {0x0112: 6}


def stored(pixels: Pixels, kind: str = "png", **options: object) -> bytes:
    """Return *pixels* as a file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def made(content: bytes, recipe: Recipe, target: ImageFormat, *, quality: int = 80, max_dimension: int = SIDE) -> bytes:
    """Return the variant that *recipe* makes of *content*."""
    wanted = [VariantOptions(format=target, quality=quality, max_dimension=max_dimension)]
    [variant] = make_variants(Original(content, object()), wanted, LIMITS, recipe)
    assert isinstance(variant, EncodedVariant)
    return variant.content


def ending_in(step: Step, *, compared_one_in: int = 1) -> Recipe:
    """Return the recipe with one more *step*."""
    return Recipe((*STEPS, step), compared_one_in)


def paint(image: pyvips.Image, shade: int) -> pyvips.Image:
    """Return *image* in one colour, as opaque as it was."""
    painted = (image * 0 + shade).cast("uchar")
    opaque = painted[: image.bands - 1].bandjoin(image[-1]) if image.hasalpha() else painted
    return opaque.copy(interpretation=image.interpretation).copy_memory()


def blacken(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:  # noqa: ARG001 - as all steps
    """Show nothing."""
    return paint(image, 0)


def whiten(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:  # noqa: ARG001 - as all steps
    """Show nothing either."""
    return paint(image, 255)


def clear(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:  # noqa: ARG001 - as all steps
    """Make all transparent."""
    return image.extract_band(0, n=3).bandjoin(0).copy(interpretation="srgb").copy_memory()


def halve(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:  # noqa: ARG001 - as all steps
    """Leave the picture in a corner of itself."""
    return image.resize(0.5).embed(0, 0, image.width, image.height).copy_memory()


def invert(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:  # noqa: ARG001 - as all steps
    """Make light of dark."""
    return image.invert().copy_memory()


def swap(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:  # noqa: ARG001 - as all steps
    """Make blue of red: the lightness stays."""
    return image[2].bandjoin([image[1], image[0]]).copy(interpretation="srgb").copy_memory()


def cut(image: pyvips.Image, spec: PictureSpec) -> pyvips.Image:  # noqa: ARG001 - as all steps
    """Lose half of the picture's height."""
    return image.crop(0, 0, image.width, image.height // 2).copy_memory()


@pytest.mark.parametrize("target", WRITTEN)
@pytest.mark.parametrize("step", [blacken, whiten, halve, invert, swap, cut])
def test_a_broken_step_is_found(target: ImageFormat, step: Step) -> None:
    """Black, white, halved, inverted and swapped pictures, and those of another size, are none of the original."""
    with pytest.raises((UnlikeOriginalError, UnexpectedOutputError)):
        made(stored(gradient(200, 140)), ending_in(step), target)


@pytest.mark.parametrize("target", [ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF])
@pytest.mark.parametrize("channels", [3, 4])
def test_lost_opacity_is_found(target: ImageFormat, channels: int) -> None:
    """Where the format can tell, what was opaque may not become transparent."""
    pixels = gradient(200, 140, channels=channels)

    with pytest.raises(UnlikeOriginalError, match="transparency"):
        made(stored(pixels), ending_in(clear), target)


@pytest.mark.parametrize("source", ["jpeg", "png", "webp", "avif", "gif", "tiff"])
def test_every_format_is_compared(source: str) -> None:
    """The original's own decoder makes its small copy."""
    original = stored(gradient(200, 140), source)

    made(original, FULLY, ImageFormat.JPEG)
    with pytest.raises(UnlikeOriginalError):
        made(original, ending_in(invert), ImageFormat.JPEG)


def unusual() -> Iterator[tuple[str, bytes]]:
    """Yield originals whose numbers are brought to sRGB, or whose bands are chosen."""
    wide = np.array(gradient(200, 140), np.uint16) * 257
    yield "16 bits", pyvips.Image.new_from_array(wide, interpretation="rgb16").pngsave_buffer()
    deep = wide[..., :2].copy()
    deep[..., 1] = 65535
    yield "16 bits of grey and opacity", pyvips.Image.new_from_array(deep, interpretation="grey16").pngsave_buffer()
    yield "ink", _ink()
    ink = np.concatenate([wide, wide[..., :1] // 4], axis=-1)
    yield "16 bits of ink", pyvips.Image.new_from_array(ink, interpretation="cmyk").tiffsave_buffer()
    yield "gamma", with_chunks(stored(COLOURS), LINEAR)
    yield "pq", with_chunks(stored(COLOURS), {"cICP": bytes((9, 16, 0, 1))})
    yield "tiff", stored(gradient(200, 140), "tiff")
    bands = np.concatenate([gradient(200, 140), noise(200, 140, channels=2)], axis=-1)
    yield "five bands", pyvips.Image.new_from_array(bands, interpretation="srgb").tiffsave_buffer()


def _ink() -> bytes:
    file = io.BytesIO()
    Image.fromarray(gradient(200, 140)).convert("CMYK").save(file, "jpeg")
    return file.getvalue()


UNUSUAL = dict(unusual())


@pytest.mark.parametrize("kind", UNUSUAL)
@pytest.mark.parametrize("step", [blacken, invert])
def test_unusual_originals_are_always_compared(kind: str, step: Step) -> None:
    """Whatever the sample: where colours or bands are converted, more can go wrong."""
    nobody_else = 2**33

    made(UNUSUAL[kind], Recipe(compared_one_in=nobody_else), ImageFormat.PNG)
    with pytest.raises(UnlikeOriginalError):
        made(UNUSUAL[kind], ending_in(step, compared_one_in=nobody_else), ImageFormat.PNG)


@pytest.mark.parametrize("target", WRITTEN)
@pytest.mark.parametrize("step", [blacken, whiten])
def test_one_colour_is_always_compared(target: ImageFormat, step: Step) -> None:
    """Also of usual originals: a picture of one colour is rare, and what most faults end in."""
    with pytest.raises(UnlikeOriginalError):
        made(stored(gradient(200, 140)), ending_in(step, compared_one_in=2**33), target)


def test_a_sample_of_usual_originals_is_compared() -> None:
    """One in so many, by their bytes: a file that is tried again is judged again."""
    originals = [stored(noise(32, 24) // 2 + number) for number in range(40)]
    recipe = ending_in(invert, compared_one_in=4)

    verdicts = [[_passes(original, recipe) for original in originals] for _ in range(2)]

    assert verdicts[0] == verdicts[1]
    assert 2 <= verdicts[0].count(False) <= 20


def _passes(content: bytes, recipe: Recipe) -> bool:
    try:
        made(content, recipe, ImageFormat.JPEG)
    except UnlikeOriginalError:
        return False
    return True


def ordinary() -> dict[str, Callable[[], bytes]]:
    """Return pictures that must pass, hard ones among them."""
    dark = (gradient(200, 140) // 40).astype(np.uint8)
    faint = np.concatenate([noise(200, 140), np.full((140, 200, 1), 3, np.uint8)], axis=-1)
    lines = np.tile(np.array([[0, 255]], np.uint8).repeat(3, axis=0).T, (70, 100, 1))[:140, :200]
    portrait = Image.Exif()
    portrait.update(PORTRAIT)
    frames = random_frames(np.random.default_rng(3), 90, 70)
    return {
        "noise": lambda: stored(noise(200, 140)),
        "dark": lambda: stored(dark),
        "lines": lambda: stored(lines),
        "faint": lambda: stored(faint),
        "fading": lambda: stored(gradient(200, 140, channels=4)),
        "one colour": lambda: stored(np.full((140, 200, 3), 7, np.uint8)),
        "clear": lambda: stored(np.zeros((140, 200, 4), np.uint8)),
        "turned": lambda: stored(gradient(200, 140), "jpeg", exif=portrait),
        "grey": lambda: stored(gradient(200, 140)[..., 0]),
        "a line": lambda: stored(noise(1, 3000)),
        "animated": lambda: as_gif(frames, 90, 70),
        "a pixel": lambda: stored(noise(1, 1)),
    } | {kind: lambda content=content: content for kind, content in UNUSUAL.items()}


@pytest.mark.parametrize("target", WRITTEN)
@pytest.mark.parametrize("kind", ordinary())
def test_no_picture_is_refused_wrongly(kind: str, target: ImageFormat) -> None:
    """Neither at the lowest quality nor at any size."""
    content = ordinary()[kind]()

    for quality, longest in ((1, SIDE), (80, 0), (100, 9)):
        assert made(content, FULLY, target, quality=quality, max_dimension=longest)
