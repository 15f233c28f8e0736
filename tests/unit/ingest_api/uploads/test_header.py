"""What an upload's header says is read right, or refused with a sentence."""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.formats import ImageFormat
from common.image_header.bounded_file import MAX_BYTES, MAX_READS
from common.image_header.registry import HEAD_BYTES
from common.settings.groups import LimitsSettings
from ingest_api.uploads.header import ImageHeader, UploadRefusedError, check_limits, header_of, read_header
from ingest_api.uploads.header_check import DamagedHeaderError
from tests.factories import images
from tests.unit.processor.engine.drawn import Drawn, as_apng, as_gif, filling

TAKEN = [
    ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF, ImageFormat.GIF, ImageFormat.TIFF,
]  # fmt: skip


def header_of_bytes(content: bytes) -> ImageHeader:
    """Return the header of a file of *content*."""
    return header_of(io.BytesIO(content))


def refusal_of(content: bytes) -> UploadRefusedError:
    """Return what the file of *content* is refused with."""
    with pytest.raises(UploadRefusedError) as refused:
        header_of_bytes(content)
    return refused.value


@pytest.mark.parametrize("image_format", TAKEN)
def test_format_and_size_are_read(image_format: ImageFormat, tmp_path: Path) -> None:
    """Each format taken is known by its bytes, whatever the file is called, with the width and the height it has."""
    path = tmp_path / "misleading.svg"
    path.write_bytes(images.photo(image_format, width=321, height=123))

    header = read_header(path)

    assert header == ImageHeader(image_format, 321, 123)


@pytest.mark.parametrize(
    "content",
    [
        images.transparent(ImageFormat.PNG, width=321, height=123),
        images.transparent(ImageFormat.WEBP, width=321, height=123),
        images.transparent(ImageFormat.AVIF, width=321, height=123),
        images.cmyk(width=321, height=123),
        images.grey(width=321, height=123),
        images.palette(width=321, height=123),
        images.sixteen_bit(width=321, height=123),
        images.animated(ImageFormat.GIF, width=321, height=123),
        images.animated(ImageFormat.WEBP, width=321, height=123),
        images.lossless_webp(width=321, height=123),
        images.progressive_jpeg(width=321, height=123),
    ],
    ids=["png-alpha", "webp-alpha", "avif-alpha", "cmyk", "grey", "palette", "16bit", "gif-animation", "webp-animation",
         "webp-lossless", "jpeg-progressive"],
)  # fmt: skip
def test_every_kind_of_picture_has_its_size(content: bytes) -> None:
    """Transparency, animation, inks and depth change nothing about width and height."""
    header = header_of_bytes(content)

    assert (header.width, header.height) == (321, 123)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF])
def test_the_size_is_the_stored_one(image_format: ImageFormat, orientation: int) -> None:
    """Width and height are those before the EXIF orientation, or what the format has in its place, is applied."""
    content = images.rotated(orientation, image_format, width=320, height=200)

    header = header_of_bytes(content)

    assert (header.width, header.height) == (320, 200)


@pytest.mark.parametrize(
    ("content", "code", "word"),
    [
        (b"", "empty_file", "empty"),
        (images.TEXT, "not_an_image", "text"),
        ("Grüße aus Köln".encode(), "not_an_image", "text"),
        (b"\0\x01\x02\x03" * 100, "not_an_image", "no image"),
        (images.HTML, "not_an_image", "HTML"),
        (images.PDF, "not_an_image", "PDF"),
        (b'<?xml version="1.0"?><note/>', "not_an_image", "XML"),
        (b"PK\x03\x04" + bytes(40), "not_an_image", "ZIP"),
        (b"\0\0\0\x18ftypmp42" + bytes(40), "not_an_image", "video"),
        (images.SVG, "unsupported_format", "SVG"),
        (b"\xef\xbb\xbf  <svg>", "unsupported_format", "SVG"),
        (images.bmp(), "unsupported_format", "BMP"),
        (images.heic(), "unsupported_format", "HEIC"),
        (b"8BPS\0\x01" + bytes(40), "unsupported_format", "PSD"),
        (b"\xff\x0a" + bytes(40), "unsupported_format", "JPEG XL"),
        (b"\0\0\x01\0\x01\0" + bytes(40), "unsupported_format", "ICO"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(40), "unsupported_format", "raw"),
        (b"push graphic-context\n", "unsupported_format", "MVG"),
    ],
)
def test_what_is_no_image_for_us_is_refused_by_name(content: bytes, code: str, word: str) -> None:
    """The uploader is told what the file is, and which formats are taken."""
    refusal = refusal_of(content)

    assert refusal.code == code
    assert word in str(refusal)
    assert code == "empty_file" or "JPEG, PNG, WebP, AVIF, GIF, TIFF" in str(refusal)


def test_a_jpeg_that_ends_before_its_pixels_is_refused() -> None:
    """Wherever a JPEG is cut before its scan begins, its header is damaged."""
    content = images.photo(ImageFormat.JPEG)
    pixels_at = content.index(b"\xff\xda")

    codes = {refusal_of(content[:length]).code for length in range(3, pixels_at + 2)}

    assert codes == {"damaged_header"}
    assert header_of_bytes(content[: pixels_at + 2]).format is ImageFormat.JPEG


def test_a_png_that_ends_before_its_pixels_is_refused() -> None:
    """Wherever a PNG is cut before its pixels begin, its header is damaged."""
    content = images.photo(ImageFormat.PNG)
    pixels_at = content.index(b"IDAT")

    codes = {refusal_of(content[:length]).code for length in range(8, pixels_at + 4)}

    assert codes == {"damaged_header"}
    assert header_of_bytes(content[: pixels_at + 4]).format is ImageFormat.PNG


@pytest.mark.parametrize("length", [0, 1])
def test_a_jpeg_segment_shorter_than_its_own_length_is_refused(length: int) -> None:
    """A segment's length counts its own two bytes: less makes no sense, and would make a reader go back."""
    content = images.photo(ImageFormat.JPEG)

    assert refusal_of(content[:2] + b"\xff\xe1" + length.to_bytes(2) + content[2:]).code == "damaged_header"


def test_a_jpeg_without_pixels_is_refused() -> None:
    """A JPEG that names its size and then ends has nothing to show."""
    content = images.photo(ImageFormat.JPEG)
    pixels_at = content.index(b"\xff\xda")

    assert refusal_of(content[:pixels_at] + b"\xff\xd9" + content[pixels_at:]).code == "damaged_header"


@pytest.mark.parametrize("at", range(8, 33))
def test_a_flipped_bit_in_a_pngs_header_is_refused(at: int) -> None:
    """The checksum of a PNG's first chunk is checked: no size is believed that was damaged on its way."""
    content = bytearray(images.photo(ImageFormat.PNG))
    content[at] ^= 0x10

    assert refusal_of(bytes(content)).code == "damaged_header"


@pytest.mark.parametrize(
    "content",
    [
        images.lying_png(width=0, height=5),
        images.lying_png(width=5, height=0),
        images.lying_jpeg(width=0, height=5),
        images.lying_jpeg(width=5, height=0),
        b"GIF89a\0\0\x05\0\0\0\0",
    ],
)
def test_an_image_without_width_or_height_is_refused(content: bytes) -> None:
    """A size of nothing is a damaged header."""
    assert refusal_of(content).code == "damaged_header"


def test_a_wide_gif_is_not_a_negative_one() -> None:
    """A GIF's size reaches to 65535."""
    content = images.animated(ImageFormat.GIF)
    content = content[:6] + struct.pack("<HH", 65535, 40000) + content[10:]

    assert header_of_bytes(content) == ImageHeader(ImageFormat.GIF, 65535, 40000, frames=3)


def test_the_scaling_bits_of_a_webp_are_no_part_of_its_size() -> None:
    """VP8 keeps a scale in the two upper bits of width and height."""
    content = images.photo(ImageFormat.WEBP, width=321, height=123)
    content = content[:26] + struct.pack("<HH", 321 | 0x4000, 123 | 0x8000) + content[30:]

    assert header_of_bytes(content) == ImageHeader(ImageFormat.WEBP, 321, 123)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (images.png_bomb(), "too_many_pixels", ("30000 x 30000", "900.0 megapixels", "limit is 100 megapixels")),
        (images.lying_jpeg(), "too_many_pixels", ("65500 x 65500", "4290.2 megapixels")),
        (images.lying_png(width=10001, height=10000), "too_many_pixels", ("10001 x 10000", "100 megapixels")),
        (images.lying_png(width=16385, height=1), "side_too_long", ("16385 x 1", "limit is 16384 pixels a side")),
        (images.lying_png(width=1, height=16385), "side_too_long", ("1 x 16385", "limit is 16384 pixels a side")),
    ],
)
def test_an_image_beyond_a_limit_is_refused_without_decoding(content: bytes, code: str, words: tuple[str, ...]) -> None:
    """The header alone tells that an image is too large; the message names what was found and the limit."""
    header = header_of_bytes(content)

    with pytest.raises(UploadRefusedError) as refused:
        check_limits(header, LimitsSettings())

    assert refused.value.code == code
    assert all(word in str(refused.value) for word in words)


@pytest.mark.parametrize(
    ("size", "frames", "code", "words"),
    [
        ((10, 10), 1001, "too_many_frames", "10 x 10 pixels and has 1001 frames; the limit is 1000 frames."),
        ((1000, 500), 201, "too_many_pixels", "and has 201 frames, 100.5 megapixels in all; the limit is 100"),
    ],
)
@pytest.mark.parametrize("write", [as_gif, lambda frames, *size: as_apng(filling(frames, *size), *size)])
def test_an_animation_beyond_a_limit_is_refused_at_the_upload(
    write: Callable[..., bytes], size: tuple[int, int], frames: int, code: str, words: str
) -> None:
    """Too many frames, or too many pixels in all of them, are told before anything is stored."""
    drawn = [Drawn(np.full((2, 2, 4), 255, np.uint8))] * frames
    header = header_of_bytes(write(drawn, *size))

    with pytest.raises(UploadRefusedError) as refused:
        check_limits(header, LimitsSettings())

    assert refused.value.code == code
    assert words in str(refused.value)


@pytest.mark.parametrize(("width", "height"), [(10000, 10000), (16384, 6103), (1, 16384), (1, 1)])
def test_an_image_at_a_limit_is_taken(width: int, height: int) -> None:
    """The limits themselves are allowed."""
    header = header_of_bytes(images.lying_png(width=width, height=height))

    check_limits(header, LimitsSettings())

    assert (header.width, header.height) == (width, height)


def test_an_avif_that_ends_before_its_pixels_is_refused() -> None:
    """Wherever an AVIF is cut before its description ends, its header is damaged."""
    content = images.photo(ImageFormat.AVIF)
    described_at = content.index(b"mdat") - 4

    codes = {refusal_of(content[:length]).code for length in range(32, described_at)}

    assert codes == {"damaged_header"}
    assert header_of_bytes(content[:described_at]).format is ImageFormat.AVIF


def box(kind: bytes, *content: bytes) -> bytes:
    """Return a box of an AVIF's."""
    inside = b"".join(content)
    return struct.pack(">L4s", 8 + len(inside), kind) + inside


def avif_of_two(primary: int, *, wide: bool) -> bytes:
    """Return an AVIF's boxes for picture 1 of 320 x 200 and 2 of 640 x 100, with long numbers where *wide*."""
    sizes = [box(b"ispe", bytes(4), struct.pack(">LL", *size)) for size in ((640, 100), (320, 200))]
    ids, places = ("L", "H") if wide else ("H", "B")
    entries = [struct.pack(f">{ids}B2{places}", item, 2, 1, place) for item, place in ((1, 3), (2, 2))]
    ipma = box(b"ipma", bytes([wide, 0, 0, wide]), struct.pack(">L", 2), *entries)
    pitm = box(b"pitm", bytes([wide, 0, 0, 0]), struct.pack(f">{ids}", primary))
    described = box(b"iprp", box(b"ipco", box(b"irot", b"\x01"), *sizes), ipma)
    return box(b"ftyp", b"avif\0\0\0\0avifmif1") + box(b"meta", bytes(4), pitm, described) + box(b"mdat", bytes(9))


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(("primary", "size"), [(1, (320, 200)), (2, (640, 100))])
def test_the_size_of_an_avif_is_its_primary_pictures(primary: int, size: tuple[int, int], *, wide: bool) -> None:
    """Where other pictures lie beside the one that is shown, that one's size counts; a turn changes nothing."""
    content = avif_of_two(primary, wide=wide)

    header = header_of_bytes(content)

    assert (header.width, header.height) == size


def test_an_avif_that_names_no_size_is_refused() -> None:
    """A primary picture without a size of its own cannot be checked against the limits."""
    assert refusal_of(avif_of_two(3, wide=False)).code == "damaged_header"


class CountedFile(io.BytesIO):
    """A file that counts how often and how much it is read."""

    reads = 0
    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and count."""
        content = super().read(size)
        self.reads += 1
        self.read_bytes += len(content)
        return content


HOSTILE = [
    b"\xff\xd8\xff" + bytes(5_000_000),
    b"\xff\xd8" + b"\xff" * 5_000_000,
    b"\xff\xd8" + b"\xff\xe0\0\x02" * 1_000_000,
    b"\x89PNG\r\n\x1a\n" + images.photo(ImageFormat.PNG)[8:33] + images.png_chunk(b"tEXt", b"") * 400_000,
    b"\0\0\0\x18ftypavif\0\0\0\0avifmif1" + b"\0\0\0\x08free" * 600_000,
    struct.pack(">L", 4_000_000) + b"ftypavif" + b"none" * 1_000_000,
    b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + b"\xff" * 5_000_000,
]


@pytest.mark.parametrize("content", HOSTILE)
def test_a_hostile_header_is_left_soon(content: bytes) -> None:
    """A header without an end is given up after a fixed number of reads and bytes."""
    file = CountedFile(content)

    with pytest.raises(DamagedHeaderError):
        header_of(file)

    assert file.reads <= MAX_READS + 1
    assert file.read_bytes <= MAX_BYTES + HEAD_BYTES


SOUND = [images.photo(each, width=40, height=30) for each in TAKEN] + [
    images.animated(ImageFormat.WEBP),
    images.rotated(6, width=40, height=30),
    images.heic(),
]
STARTS = [content[:length] for content in [*SOUND, *HOSTILE] for length in (4, 12, 24, 64)]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Return a sound image with some of its first bytes changed, cut somewhere."""
    content = bytearray(draw(st.sampled_from(SOUND)))
    for at, byte in draw(st.lists(st.tuples(st.integers(0, min(400, len(content) - 1)), st.integers(0, 255)))):
        content[at] = byte
    return bytes(content[: draw(st.integers(0, len(content)))])


ANYTHING = (
    st.binary(max_size=2000) | mutated() | st.tuples(st.sampled_from(STARTS), st.binary(max_size=2000)).map(b"".join)
)


@settings(max_examples=500, deadline=None)
@given(content=ANYTHING)
def test_any_bytes_give_a_header_or_a_refusal(content: bytes) -> None:
    """Whatever is uploaded, the answer is a size that makes sense or a refusal with a code, after few reads."""
    file = CountedFile(content)

    outcome = handle(file)

    match outcome:
        case ImageHeader():
            assert min(outcome.width, outcome.height) >= 1
        case UploadRefusedError():
            assert outcome.code != UploadRefusedError.code
            assert str(outcome).endswith(".")
    assert file.reads <= MAX_READS + 1
    assert file.read_bytes <= MAX_BYTES + HEAD_BYTES


def handle(file: io.BytesIO) -> ImageHeader | UploadRefusedError:
    """Return the header of *file*, or its refusal."""
    try:
        return header_of(file)
    except UploadRefusedError as exc:
        return exc
