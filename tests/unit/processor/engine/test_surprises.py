"""What libraries do that nobody expects of them."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from common.formats import OUTPUT_FORMATS, ImageFormat
from common.options.variant import VariantOptions
from processor.engine import VariantRequest
from tests.unit.processor.engine.pictures import difference, gradient, made, noise, read, saved
from tests.unit.processor.pools import a_pool

OUT_OF_RANGE = Path(__file__).parent / "files" / "coefficient-out-of-range.jpg"
"""A JPEG of 28 x 3 pixels that decoders read, and that mozjpeg's transcoder ends its process for."""


def with_comment(png: bytes, keyword: bytes) -> bytes:
    """Return *png* with a text under *keyword*."""
    content = b"tEXt" + keyword + b"\0some words"
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return png[:33] + chunk + png[33:]


@pytest.mark.parametrize("quality", [10, 80, 100])
@pytest.mark.parametrize("keep_metadata", [False, True])
async def test_no_library_ends_the_process(tmp_path: Path, quality: int, *, keep_metadata: bool) -> None:
    """A JPEG that a packer calls exit() for becomes a variant."""
    options = VariantOptions(format=ImageFormat.JPEG, quality=quality, keep_metadata=keep_metadata)

    async with a_pool() as pool:
        [variant] = await pool.make(OUT_OF_RANGE, [VariantRequest(tmp_path / "variant", options)])

    assert variant.byte_size <= OUT_OF_RANGE.stat().st_size
    assert difference(read(tmp_path / "variant"), read(OUT_OF_RANGE)) < 5


@pytest.mark.parametrize("target", OUTPUT_FORMATS)
@pytest.mark.parametrize("keyword", [b"Gr\xf6\xdfe", b"", b" leading", b"x" * 79])
def test_metadata_that_cannot_be_kept_never_costs_the_picture(
    tmp_path: Path, target: ImageFormat, keyword: bytes
) -> None:
    """A comment under a keyword that no library writes is left out; the EXIF beside it is kept."""
    exif = Image.Exif()
    exif[0x013B] = "Ada Lovelace"
    original = saved(tmp_path, gradient(60, 40), exif=exif)
    original.write_bytes(with_comment(original.read_bytes(), keyword))

    variant = made(original, target, quality=95, keep_metadata=True)

    assert difference(read(variant.path, "RGB"), gradient(60, 40)) < 5
    with Image.open(variant.path) as image:
        assert image.getexif()[0x013B] == "Ada Lovelace"


def test_what_is_kept_of_a_jpeg_ends_with_its_picture(tmp_path: Path) -> None:
    """Without metadata nothing of an original that is kept lies behind its end, such as a phone's short film."""
    exif = Image.Exif()
    exif[0x013B] = "Ada Lovelace"
    original = saved(tmp_path, noise(120, 80), "original.jpeg", quality=15, exif=exif, comment=b"hello")
    pixels = read(original)
    with original.open("ab") as file:
        file.write(b"\0\0\0\x18ftypmp42 a film")

    variant = made(original, quality=90)

    assert np.array_equal(read(variant.path), pixels)
    assert not any(word in variant.path.read_bytes() for word in (b"film", b"Ada", b"hello", b"Exif"))


def test_a_message_may_quote_any_bytes() -> None:
    """Libheif quotes a file's four-letter codes; what is no UTF-8 of it must not hide what libvips complains of."""
    told = pyvips.error._to_string  # noqa: SLF001 - what an Error makes of its message

    assert told is pyvips.Error.__init__.__globals__["_to_string"]
    assert told(pyvips.ffi.new("char[]", b"heif: box \xf2ab")) == "heif: box \ufffdab"
    assert told(pyvips.ffi.NULL) == "NULL"
