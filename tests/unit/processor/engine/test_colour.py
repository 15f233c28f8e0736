"""A picture looks the same after its colour space became sRGB."""

import io
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms
from skimage.color import deltaE_ciede2000, rgb2lab

from common.formats import ImageFormat
from tests.unit.processor.engine.pictures import WRITTEN, Pixels, difference, gradient, made, noise, read, saved

PERCEPTUAL = ImageCms.Intent.PERCEPTUAL
RELATIVE = ImageCms.Intent.RELATIVE_COLORIMETRIC


def profile(name: str) -> bytes:
    """Return one of the profiles that libvips brings: "p3" or "cmyk"."""
    return bytes(pyvips.Operation.call("profile_load", name))


def managed(image: Image.Image, icc: bytes, intent: ImageCms.Intent) -> Pixels:
    """Return what littlecms, as Pillow calls it, makes of *image* in sRGB."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    shown = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), intent, outputMode="RGB")
    assert shown is not None
    return np.asarray(shown)


def shown(path: Path) -> Pixels:
    """Return what a viewer shows of *path*, through its profile where it has one."""
    with Image.open(path) as image:
        icc = image.info.get("icc_profile")
        return managed(image.convert("RGB"), icc, RELATIVE) if icc else np.asarray(image.convert("RGB"))


def colour_difference(one: Pixels, other: Pixels) -> float:
    """Return the mean CIEDE2000 difference; 1 is about what an eye can just see."""
    compared = deltaE_ciede2000(rgb2lab(one / 255), rgb2lab(other / 255))  # type: ignore[no-untyped-call]  # untyped
    return float(compared.mean())


@pytest.mark.parametrize("keep_metadata", [False, True])
@pytest.mark.parametrize("options", [{}, {"max_dimension": 100}])
def test_display_p3_looks_the_same(tmp_path: Path, options: dict[str, int], *, keep_metadata: bool) -> None:
    """Wide colours are converted, not reinterpreted, at every size."""
    icc = profile("p3")
    muted = (gradient(200, 150) // 2 + 64).astype(np.uint8)  # inside sRGB, where there is one right answer
    original = saved(tmp_path, muted, icc_profile=icc)

    variant = made(original, ImageFormat.PNG, quality=100, keep_metadata=keep_metadata, **options)

    image = Image.fromarray(muted).resize((variant.width, variant.height), Image.Resampling.LANCZOS)
    assert colour_difference(shown(variant.path), managed(image, icc, RELATIVE)) < 0.5
    assert colour_difference(shown(variant.path), np.asarray(image)) > 1.5  # so the profile did matter


@pytest.mark.parametrize("with_profile", [False, True])
@pytest.mark.parametrize("target", WRITTEN)
def test_cmyk_looks_the_same(tmp_path: Path, target: ImageFormat, *, with_profile: bool) -> None:
    """Ink becomes light through its profile, or through a common press's where it brings none."""
    icc = profile("cmyk")
    image = Image.fromarray(gradient(120, 90) // 2 + 64).convert("CMYK")
    original = tmp_path / "original.jpeg"
    image.save(original, quality=95, icc_profile=icc if with_profile else None)

    variant = made(original, target, quality=95)

    with Image.open(original) as ink:
        expected = managed(ink, icc, PERCEPTUAL)
    assert colour_difference(shown(variant.path), expected) < 2


@pytest.mark.parametrize("target", WRITTEN)
def test_grey_stays_grey(tmp_path: Path, target: ImageFormat) -> None:
    """A grey picture has no tint in any format."""
    grey = gradient(120, 90)[..., 0]
    original = saved(tmp_path, grey)

    variant = made(original, target, quality=95)

    seen = read(variant.path, "RGB")
    assert difference(seen[..., 0], grey) < 4
    assert np.ptp(seen, axis=-1).max() <= 2


@pytest.mark.parametrize("options", [{}, {"max_dimension": 60}])
def test_sixteen_bits_become_eight(tmp_path: Path, options: dict[str, int]) -> None:
    """Grey and colour of 16 bits a sample keep their brightness."""
    wide = gradient(120, 90).astype(np.uint16) * 257
    colour, grey = tmp_path / "colour.png", tmp_path / "grey.png"
    pyvips.Image.new_from_array(wide, interpretation="rgb16").pngsave(str(colour))
    pyvips.Image.new_from_array(wide[..., :1], interpretation="grey16").pngsave(str(grey))

    of_colour, of_grey = (
        read(made(path, ImageFormat.PNG, quality=100, **options).path, "RGB") for path in (colour, grey)
    )

    expected = np.asarray(Image.fromarray(gradient(120, 90)).resize(of_colour.shape[1::-1], Image.Resampling.LANCZOS))
    assert difference(of_colour, expected) < 1
    assert difference(of_grey[..., 0], expected[..., 0]) < 1


def test_a_profile_that_means_nothing_is_ignored(tmp_path: Path) -> None:
    """A broken profile costs its picture nothing."""
    pixels = noise(40, 30)
    original = saved(tmp_path, pixels, icc_profile=b"no profile at all" * 20)

    variant = made(original, ImageFormat.PNG, quality=100)

    assert difference(read(variant.path, "RGB"), pixels) < 1
