"""Whatever a file says its colours with, a variant shows them in sRGB."""

import struct
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image, ImageCms

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine.colour.matrices import to_srgb
from processor.engine.colour.profile import profile_of
from processor.engine.colour.spaces import PRIMARIES, ColourSpace, from_codes, transfer_of
from processor.engine.geometry.layout import lay_out
from processor.engine.geometry.sizes import Size
from processor.engine.picture import PictureSpec
from processor.engine.recipe import make_picture
from tests.unit.processor.engine.pictures import Pixels, difference, gradient, made, read, saved

DISPLAY_P3 = {"cICP": bytes((12, 13, 0, 1))}
LINEAR = {"gAMA": struct.pack(">L", 100_000)}
REC2020_CHRM = {"cHRM": struct.pack(">8L", 31270, 32900, 70800, 29200, 17000, 79700, 13100, 4600)}
SRGB_CHUNK = {"sRGB": b"\0"}
P3_SRGB = to_srgb(PRIMARIES[12])


def with_chunks(png: bytes, chunks: dict[str, bytes]) -> bytes:
    """Return *png* with *chunks* behind its header."""
    written = b""
    for name, content in chunks.items():
        body = name.encode() + content
        written += struct.pack(">L", len(content)) + body + struct.pack(">L", zlib.crc32(body))
    return png[:33] + written + png[33:]


def png_with(folder: Path, pixels: Pixels, chunks: dict[str, bytes]) -> Path:
    """Write *pixels* as PNG with *chunks*."""
    original = saved(folder, pixels)
    original.write_bytes(with_chunks(original.read_bytes(), chunks))
    return original


def in_srgb(light: NDArray[np.float64], matrix: list[list[float]] | None = None) -> NDArray[np.float64]:
    """Return *light*, 0 to 1, as sRGB's numbers."""
    light = np.clip(light if matrix is None else light @ np.array(matrix).T, 0, 1)
    shown: NDArray[np.float64] = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    return shown


def light_of(pixels: Pixels, transfer: Callable[[float], float]) -> NDArray[np.float64]:
    """Return the light that *pixels* are."""
    light: NDArray[np.float64] = np.vectorize(transfer)(pixels / 255)
    return light


SRGB_LIGHT = transfer_of(ColourSpace(PRIMARIES[1], 13))
COLOURS = gradient(40, 30)
GREY = gradient(40, 30, channels=1)[..., 0]


@pytest.mark.parametrize("max_dimension", [0, 20])
@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        (DISPLAY_P3, in_srgb(light_of(COLOURS, SRGB_LIGHT), P3_SRGB)),
        (LINEAR, in_srgb(COLOURS / 255)),
        (REC2020_CHRM, in_srgb(light_of(COLOURS, SRGB_LIGHT), to_srgb(PRIMARIES[9]))),
        (SRGB_CHUNK, COLOURS),
        (SRGB_CHUNK | LINEAR | REC2020_CHRM, COLOURS),
        (LINEAR | DISPLAY_P3, in_srgb(light_of(COLOURS, SRGB_LIGHT), P3_SRGB)),
        ({"gAMA": struct.pack(">L", 45455)}, COLOURS),
        ({"gAMA": bytes(4)}, COLOURS),
        ({"cHRM": bytes(32)}, COLOURS),
        ({"cICP": bytes((2, 2, 0, 1))}, COLOURS),
    ],
)
def test_a_png_says_its_colours_in_chunks(
    tmp_path: Path, chunks: dict[str, bytes], expected: NDArray[np.float64], max_dimension: int
) -> None:
    """In the order of the specification: cICP, iCCP, sRGB, gAMA and cHRM; nonsense says nothing."""
    original = png_with(tmp_path, COLOURS, chunks)

    variant = made(original, ImageFormat.WEBP, quality=100, max_dimension=max_dimension)

    shown = read(variant.path, "RGB")
    if max_dimension:
        expected = np.stack([expected[..., band].reshape(15, 2, 20, 2).mean((1, 3)) for band in range(3)], axis=-1)
    assert difference(shown[1:-1, 1:-1], expected[1:-1, 1:-1]) < 5


def test_a_profile_outranks_gamma_and_cicp_outranks_a_profile(tmp_path: Path) -> None:
    """A PNG with everything is what its cICP says; without that, its profile."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    original = saved(tmp_path, COLOURS, icc_profile=profile)
    plain = original.read_bytes()

    original.write_bytes(with_chunks(plain, LINEAR))
    by_profile = read(made(original, ImageFormat.PNG, quality=100, max_dimension=39).path, "RGB")
    original.write_bytes(with_chunks(plain, LINEAR | DISPLAY_P3))
    by_cicp = read(made(original, ImageFormat.PNG, quality=100).path, "RGB")

    small = read(made(saved(tmp_path, COLOURS, "b.png"), ImageFormat.PNG, quality=100, max_dimension=39).path, "RGB")
    assert difference(by_profile, small) < 2
    assert difference(by_cicp, in_srgb(light_of(COLOURS, SRGB_LIGHT), P3_SRGB)) < 2


def test_grey_has_a_gamma_too(tmp_path: Path) -> None:
    """A grey PNG of linear numbers becomes lighter, and stays grey."""
    variant = made(png_with(tmp_path, GREY, LINEAR), ImageFormat.PNG, quality=100)

    assert difference(read(variant.path, "L"), in_srgb(GREY / 255)) < 1


@pytest.mark.parametrize("transfer", [16, 18])
@pytest.mark.parametrize("target", [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF])
def test_hdr_becomes_a_picture(tmp_path: Path, transfer: int, target: ImageFormat) -> None:
    """PQ and HLG have white brighter than grey, black black, and a diffuse white that leaves room; hues stay."""
    stored = {16: (0, 0.375, 0.508, 0.58, 0.7518), 18: (0, 0.39, 0.62, 0.75, 1)}[transfer]  # 0, 40, 100, 203, 1000 nits
    pixels = np.repeat(np.round(np.array(stored) * 255).astype(np.uint8)[np.newaxis, :, np.newaxis], 8, 0).repeat(8, 1)
    grey = np.repeat(pixels, 3, 2)
    red = grey.copy()
    red[..., 1:] = 0
    original = png_with(tmp_path, np.vstack([grey, red]), {"cICP": bytes((9, transfer, 0, 1))})

    shown = read(made(original, target, quality=95).path, "RGB")[4::8, 4::8]

    levels = shown[0].mean(-1)
    assert levels[0] < 4
    assert all(later > earlier + 10 for earlier, later in pairwise(levels))
    assert 170 < levels[3] < 235
    assert levels[4] > 248
    assert np.ptp(shown[0], axis=-1).max() < 8
    assert shown[1, 4, 0] > 240
    assert shown[1, 4, 1:].max() < shown[1, 4, 0] / 2


_STORED = list(range(0, 241, 24))
_CHROMIUM_SHOWS = {
    16: [0, 2, 15, 38, 70, 114, 175, 226, 255, 255, 255],
    18: [0, 7, 29, 50, 71, 92, 115, 147, 189, 220, 243],
}
"""What Chromium 156 shows, on a screen without HDR, of `_STORED` greys in PQ and in HLG."""
_CHROMIUM_SHOWS_RED = {16: (123, 0, 18), 18: (96, 29, 37)}
"""Of (112, 56, 56)."""


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_as_bright_as_in_browsers(tmp_path: Path, transfer: int) -> None:
    """Every level of PQ and HLG is within two of Chromium's, and so is a colour."""
    pixels = np.array([*[(level,) * 3 for level in _STORED], (112, 56, 56)], np.uint8)[np.newaxis]
    original = png_with(tmp_path, pixels.repeat(8, 0).repeat(8, 1), {"cICP": bytes((9, transfer, 0, 1))})

    shown = read(made(original, ImageFormat.PNG, quality=100).path, "RGB")[4, 4::8]

    expected = [*[(level,) * 3 for level in _CHROMIUM_SHOWS[transfer]], _CHROMIUM_SHOWS_RED[transfer]]
    assert np.abs(shown - expected).max() <= 2


def test_an_unknown_code_means_srgb() -> None:
    """What H.273 does not define, or leaves open, is no reason to change a colour."""
    assert from_codes(2, 2) is None
    assert from_codes(1, 13) is None
    assert from_codes(200, 201) is None


def avif(folder: Path, pixels: Pixels, *, nclx: tuple[int, int, int, int]) -> Path:
    """Write an AVIF, and in it that its colours are *nclx*."""
    path = saved(folder, pixels, "original.avif", quality=100, subsampling="4:4:4")
    data = path.read_bytes()
    at = data.index(b"colrnclx") + 8
    path.write_bytes(data[:at] + struct.pack(">HHHB", *nclx) + data[at + 7 :])
    return path


@pytest.mark.parametrize(
    ("nclx", "expected"),
    [
        ((12, 13, 6, 0x80), in_srgb(light_of(COLOURS, SRGB_LIGHT), P3_SRGB)),
        ((1, 8, 6, 0x80), in_srgb(COLOURS / 255)),
        ((1, 13, 6, 0x80), COLOURS),
        ((2, 2, 2, 0x80), COLOURS),
    ],
)
def test_an_avif_says_its_colours_in_nclx(
    tmp_path: Path, nclx: tuple[int, int, int, int], expected: NDArray[np.float64]
) -> None:
    """Primaries and transfer are heeded; a matrix that is not named does not change the range."""
    variant = made(avif(tmp_path, COLOURS, nclx=nclx), ImageFormat.PNG, quality=100)

    assert difference(read(variant.path, "RGB"), expected) < 5


FILES = Path(__file__).parent / "files"


@pytest.mark.parametrize(
    ("name", "reference"),
    [("grey-of-studios.avif", "grey-of-studios.png"), ("alpha-of-studios.avif", "alpha-of-studios.png")],
)
def test_grey_and_transparency_in_the_range_of_studios(tmp_path: Path, name: str, reference: str) -> None:
    """What is stored as 16 to 235 is shown as 0 to 255, as browsers do; no writer at hand makes such files."""
    original = tmp_path / name
    original.write_bytes((FILES / name).read_bytes())

    shown, expected = (
        read(made(original, ImageFormat.PNG, quality=100, max_dimension=128).path, "RGBA"),
        read(FILES / reference, "RGBA"),
    )

    opaque = expected[..., 3:] / 255
    assert difference(shown[..., :3] * opaque, expected[..., :3] * opaque) < 2
    assert difference(shown[..., 3], expected[..., 3]) < 2


def test_a_profile_with_tables_is_rendered_perceptually(tmp_path: Path) -> None:
    """A profile that maps colours by tables, as cameras' do, has black at black; relative rendering lifted it to 29."""
    original = tmp_path / "original.jpeg"
    original.write_bytes((FILES / "profile-with-tables.jpg").read_bytes())

    shown = read(made(original, ImageFormat.PNG, quality=100).path, "RGB")

    assert shown.min() == 0
    assert difference(shown, read(FILES / "profile-with-tables.png", "RGB")) < 3


def test_hdr_keeps_its_transparency(tmp_path: Path) -> None:
    """Alpha is no light."""
    pixels = gradient(40, 30, channels=4)
    original = png_with(tmp_path, pixels, {"cICP": bytes((9, 16, 0, 1))})

    shown = read(made(original, ImageFormat.PNG, quality=100).path, "RGBA")

    assert difference(shown[..., 3], pixels[..., 3]) < 1


def test_hdr_of_16_bits(tmp_path: Path) -> None:
    """Sixteen bits, alpha included, come to the same as eight."""
    pixels = gradient(40, 30, channels=4)
    eight = png_with(tmp_path, pixels, {"cICP": bytes((9, 16, 0, 1))})
    expected = read(made(eight, ImageFormat.PNG, quality=100).path, "RGBA")
    sixteen = tmp_path / "sixteen.png"
    deep = pyvips.Image.new_from_array(pixels.astype(np.uint16) * 257).copy(interpretation="rgb16")
    sixteen.write_bytes(with_chunks(deep.pngsave_buffer(bitdepth=16), {"cICP": bytes((9, 16, 0, 1))}))

    shown = read(made(sixteen, ImageFormat.PNG, quality=100).path, "RGBA")

    assert difference(shown, expected) < 1.5
    with Image.open(sixteen) as image:
        assert image.size == (40, 30)


@pytest.mark.parametrize("is_grey", [False, True])
@pytest.mark.parametrize("target", [ImageFormat.JPEG, ImageFormat.PNG])
def test_a_profile_that_makes_one_colour_of_all_is_left_out(
    tmp_path: Path, target: ImageFormat, *, is_grey: bool
) -> None:
    """A profile whose curves are all zero gave black variants; the picture is shown without it."""
    profile = profile_of(ColourSpace(PRIMARIES[1], 13), is_grey=is_grey)
    at = profile.index(b"curv") + 12
    black = profile[:at] + bytes(2 * 4096) + profile[at + 2 * 4096 :]
    pixels = GREY if is_grey else COLOURS
    original = saved(tmp_path, pixels, icc_profile=black)

    variant = made(original, target, quality=95, max_dimension=39)

    small = read(made(saved(tmp_path, pixels, "plain.png"), target, quality=95, max_dimension=39).path)
    assert difference(read(variant.path), small) < 1


@pytest.mark.parametrize("shade", [0, 7, 255])
def test_a_picture_of_one_colour_stays_one(tmp_path: Path, shade: int) -> None:
    """One colour is a picture too, whatever its profile."""
    profile = profile_of(ColourSpace(PRIMARIES[12], 13), is_grey=False)
    original = saved(tmp_path, np.full((30, 40, 3), shade, np.uint8), icc_profile=profile)

    variant = made(original, ImageFormat.PNG, quality=100)

    assert difference(read(variant.path, "RGB"), np.full((30, 40, 3), shade)) <= 1


@pytest.mark.parametrize(("is_profiled", "decodes"), [(False, 1), (True, 2)])
def test_one_colour_is_in_doubt_only_after_a_conversion(*, is_profiled: bool, decodes: int) -> None:
    """What was sRGB already is made once: its only colour can come from no conversion."""
    stored = pyvips.Image.new_from_array(np.full((30, 40, 3), 7, np.uint8)).copy(interpretation="srgb")
    if is_profiled:
        profile = profile_of(ColourSpace(PRIMARIES[12], 13), is_grey=False)
        stored.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    size = Size(40, 30)
    asked: list[PictureSpec] = []

    def decode(spec: PictureSpec) -> pyvips.Image:
        asked.append(spec)
        return stored

    make_picture(decode, PictureSpec(lay_out(size, VariantOptions()), every_frame=False, original=size))

    assert len(asked) == decodes


@pytest.mark.parametrize("is_grey", [False, True])
def test_a_profile_of_a_png_counts_whatever_its_intent(tmp_path: Path, *, is_grey: bool) -> None:
    """Photoshop gave its profiles of grey an intent that is none, for which libpng drops them."""
    profile = profile_of(ColourSpace(PRIMARIES[1], 8), is_grey=is_grey)
    strange = profile[:64] + (1 << 24).to_bytes(4) + profile[68:]
    pixels = GREY if is_grey else COLOURS
    original = saved(tmp_path, pixels, icc_profile=strange)

    shown = read(made(original, ImageFormat.PNG, quality=100).path)

    assert difference(shown, in_srgb(pixels / 255)) < 1


def test_a_profile_of_a_png_that_cannot_be_unpacked_costs_no_picture(tmp_path: Path) -> None:
    """Colours stay as they are stored."""
    original = png_with(tmp_path, COLOURS, {"iCCP": b"name\0\0no zlib"})

    assert difference(read(made(original, ImageFormat.PNG, quality=100).path, "RGB"), COLOURS) < 1
