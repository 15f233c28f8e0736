"""What holds for every format. A new one is tried by all of this as soon as it has its member and its modules."""

from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from common.formats import OUTPUT_FORMATS, ImageFormat
from common.image_header import ImageHeader
from common.image_header.reading import read_image_header
from common.options.variant import VariantOptions
from processor.engine import ImageLimits, ImageRefusedError, Refusal, VariantRequest
from processor.engine.codecs.quality import on_curve
from processor.engine.codecs.registry import CODECS, format_of, writer_of
from processor.engine.decoding.opening import open_image
from processor.engine.decoding.original import Original
from tests.doubles.engine import make_files
from tests.unit.processor.engine.pictures import difference, gradient, made, noise, read, saved

every_format = pytest.mark.parametrize("known", ImageFormat)
every_output = pytest.mark.parametrize("known", OUTPUT_FORMATS)


def encode(pixels: pyvips.Image, known: ImageFormat, quality: int = 80) -> bytes:
    """Return *pixels* as the format's own writer writes them."""
    return writer_of(known).encode(pixels, VariantOptions(format=known, quality=quality))


def picture(width: int = 60, height: int = 40, channels: int = 3) -> pyvips.Image:
    """Return a smooth picture in sRGB."""
    return pyvips.Image.new_from_array(gradient(width, height, channels=channels)).copy(interpretation="srgb")


@every_format
def test_what_can_be_written_has_a_writer(known: ImageFormat) -> None:
    """The format's member and its codec say the same, and what names no format is written as one that can be."""
    assert (CODECS[known].writer is not None) == known.is_written
    assert known.written_as.is_written


@every_format
def test_a_suffix_belongs_to_one_format(known: ImageFormat) -> None:
    """Suffixes begin with a dot, are in lower case, and no two formats share one."""
    others = {suffix for other in ImageFormat if other is not known for suffix in other.suffixes}

    assert all(suffix.startswith(".") and suffix.islower() for suffix in known.suffixes)
    assert others.isdisjoint(known.suffixes)


@every_format
def test_the_upload_check_and_the_engine_know_a_file_alike(tmp_path: Path, known: ImageFormat) -> None:
    """Signature, header reader and loader of a format name the same format and size for the same file."""
    original = saved(tmp_path, gradient(60, 40), f"original.{known}")

    with original.open("rb") as file:
        header = read_image_header(file)

    opened = open_image(Original.at(original).content)
    assert header == ImageHeader(known, 60, 40)
    assert format_of(opened) is known
    assert (opened.width, opened.height) == (60, 40)


@every_format
def test_shrinking_on_load_leaves_enough(tmp_path: Path, known: ImageFormat) -> None:
    """A decode that may be so many times smaller is never smaller than that, and shows the same picture."""
    original = saved(tmp_path, gradient(640, 480), f"original.{known}")

    for spare in (0.5, 1, 1.9, 2, 3, 4.5, 8, 30):
        opened = open_image(Original.at(original).content, **CODECS[known].loader.shrink_on_load(spare))
        corners = [opened.getpoint(x, y)[:3] for x, y in ((0, 0), (opened.width - 1, opened.height - 1))]
        assert 640 >= opened.width >= int(640 / max(1, spare))
        assert 480 >= opened.height >= int(480 / max(1, spare))
        assert difference(np.array(corners), np.array([[0, 0, 255], [255, 255, 0]])) < 15


@every_output
def test_transparency_is_kept_or_becomes_white(known: ImageFormat) -> None:
    """A format that keeps transparency keeps it; any other shows white behind it."""
    clear = picture(channels=3).bandjoin(0)

    written = open_image(encode(clear, known))

    assert written.hasalpha() == writer_of(known).keeps_alpha
    seen = written.flatten(background=255) if written.hasalpha() else written
    assert seen.min() > 250


@every_output
def test_frames_are_kept_or_the_first_is(tmp_path: Path, known: ImageFormat) -> None:
    """A format that keeps frames keeps all of an animation; any other shows its first."""
    frames = [Image.new("RGB", (32, 24), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / "original.gif", save_all=True, append_images=frames[1:])

    variant = made(tmp_path / "original.gif", known)

    assert variant.frames == (3 if writer_of(known).keeps_frames else 1)
    assert difference(read(variant.path, "RGB")[0, 0], np.array([255, 0, 0])) < 5


@every_output
def test_a_side_is_as_long_as_the_format_allows(known: ImageFormat) -> None:
    """The longest side that is promised, or a very long one, can be written."""
    side = min(writer_of(known).largest_side, 70_000)

    written = open_image(encode(pyvips.Image.black(side, 1, bands=3).copy(interpretation="srgb"), known))

    assert (written.width, written.height) == (side, 1)


@every_output
def test_a_longer_side_is_refused_by_name(tmp_path: Path, known: ImageFormat) -> None:
    """A variant beyond what its format can say is refused before it is encoded."""
    largest = writer_of(known).largest_side
    if largest > 100_000:
        return
    original = saved(tmp_path, gradient(largest + 1, 1))
    request = VariantRequest(tmp_path / "variant", VariantOptions(format=known))

    with pytest.raises(ImageRefusedError, match=f"{known.label} images may have {largest} pixels") as caught:
        make_files(original, [request], ImageLimits(megapixels=100, side_pixels=100_000))

    assert caught.value.code is Refusal.VARIANT_TOO_LARGE


@every_output
def test_a_quality_curve_never_falls(known: ImageFormat) -> None:
    """More quality never means a lower setting, and every setting is one that encoders take."""
    settings = [on_curve(writer_of(known).quality_curve, quality) for quality in range(1, 101)]

    assert all(lower <= higher for lower, higher in pairwise(settings))
    assert settings[0] >= 1
    assert settings[-1] == 100


@every_output
def test_repacking_loses_nothing(known: ImageFormat) -> None:
    """A repacked file shows the very pixels of the file before."""
    before = encode(pyvips.Image.new_from_array(noise(60, 40)).copy(interpretation="srgb"), known, quality=60)

    after = writer_of(known).repack(before)

    assert after is not None
    assert np.array_equal(open_image(after).numpy(), open_image(before).numpy())


@every_output
def test_repacking_a_broken_file_is_no_failure(known: ImageFormat) -> None:
    """What cannot be repacked is left out, not raised: decoders forgive more than packers."""
    cut = encode(picture(), known)[:100]

    repacked = writer_of(known).repack(cut)

    assert repacked is None or len(repacked) <= len(cut)


@every_output
def test_metadata_is_written_only_where_asked(tmp_path: Path, known: ImageFormat) -> None:
    """No writer lets EXIF through that was not asked for, and every writer lets through what was."""
    exif = Image.Exif()
    exif[0x013B] = "Ada Lovelace"
    original = saved(tmp_path, noise(60, 40), "original.jpeg", exif=exif)

    without = made(original, known, max_dimension=30).path.read_bytes()
    kept = made(original, known, max_dimension=30, keep_metadata=True).path.read_bytes()

    with Image.open(BytesIO(without)) as image:
        assert len(image.getexif()) == 0
    with Image.open(BytesIO(kept)) as image:
        assert image.getexif()[0x013B] == "Ada Lovelace"


def test_no_other_loader_sees_a_file(tmp_path: Path) -> None:
    """Libvips opens nothing but the formats that have a codec: here a PPM."""
    ppm = tmp_path / "original.ppm"
    Image.fromarray(gradient(8, 8)).save(ppm)

    with pytest.raises(pyvips.Error):
        open_image(ppm.read_bytes())
