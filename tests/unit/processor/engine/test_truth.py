"""Metadata that is kept tells the truth of the variant: structures that no library writes are made here by hand."""

import io
import json
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from common.formats import ImageFormat
from processor.engine.geometry.sizes import Size
from processor.engine.metadata.exif import update_exif
from tests.unit.processor.engine.pictures import WRITTEN, Pixels, gradient, made, noise, read

WIDTH, HEIGHT = 120, 80
THUMBNAIL = b"\xff\xd8" + b"a thumbnail" * 50 + b"\xff\xd9"
NOTE = b"MAKER\0" + b"numbers that point to each other" * 4
ADOBE_RGB, UNCALIBRATED = b"R03\0", 65535
PIXELS = gradient(WIDTH, HEIGHT)
KEEPS_IPTC = [ImageFormat.JPEG, ImageFormat.PNG]


def directory(entries: list[tuple[int, int, int, bytes]], at: int, *, order: str, link: int = 0) -> bytes:
    """Return a TIFF directory that lies *at* that place, followed by what does not fit into its entries."""
    data_at = at + 2 + 12 * len(entries) + 4
    head, data = struct.pack(f"{order}H", len(entries)), b""
    for tag, kind, count, content in entries:
        inside = content.ljust(4, b"\0") if len(content) <= 4 else struct.pack(f"{order}I", data_at + len(data))
        head += struct.pack(f"{order}HHI", tag, kind, count) + inside
        data += content + b"\0" * (len(content) % 2) if len(content) > 4 else b""
    return head + struct.pack(f"{order}I", link) + data


def tiff_block(order: str = "<") -> bytes:
    """Return EXIF as a camera writes it, with everything that becomes wrong, and the maker's note."""

    def short(*numbers: int) -> bytes:
        return struct.pack(f"{order}{len(numbers)}H", *numbers)

    def long(number: int) -> bytes:
        return struct.pack(f"{order}I", number)

    exif_at, interoperability_at, second_at = 200, 500, 560
    first = directory(
        [
            (0x0100, 4, 1, long(4000)),
            (0x0101, 3, 1, short(3000)),
            (0x0112, 3, 1, short(6)),
            (0x013B, 2, 13, b"Ada Lovelace\0"),
            (0x02BC, 1, 12, b"<x:stale xmp"),
            (0x8769, 4, 1, long(exif_at)),
        ],
        8,
        order=order,
        link=second_at,
    )
    details = directory(
        [
            (0x927C, 7, len(NOTE), NOTE),
            (0x9214, 3, 4, short(2000, 1500, 300, 300)),
            (0xA001, 3, 1, short(UNCALIBRATED)),
            (0xA002, 3, 1, short(4000)),
            (0xA003, 4, 1, long(3000)),
            (0xA005, 4, 1, long(interoperability_at)),
        ],
        exif_at,
        order=order,
    )
    names = [(0x0001, 2, 4, ADOBE_RGB), (0x1001, 3, 1, short(4000)), (0x1002, 3, 1, short(3000))]
    interoperability = directory(names, interoperability_at, order=order)
    thumbnail_at = second_at + 2 + 12 * 2 + 4
    places = [(0x0201, 4, 1, long(thumbnail_at)), (0x0202, 4, 1, long(len(THUMBNAIL)))]
    second = directory(places, second_at, order=order) + THUMBNAIL
    start = (b"II*\0" if order == "<" else b"MM\0*") + long(8)
    block = bytearray(second_at)
    for at, part in ((0, start), (8, first), (exif_at, details), (interoperability_at, interoperability)):
        assert at + len(part) <= second_at
        block[at : at + len(part)] = part
    return bytes(block) + second


XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Container="http://ns.google.com/photos/1.0/container/"
 tiff:Orientation="6" tiff:ImageWidth="4000" exif:PixelXDimension="4000" dc:format="image/x-raw" hdrgm:Version="1.0"
 xmpNote:HasExtendedXMP="0123456789ABCDEF" GCamera:MotionPhoto="1" GCamera:BurstID="burst 7"
 photoshop:ICCProfile="Adobe RGB (1998)" xmp:Label="kept label">
<tiff:ImageLength>3000</tiff:ImageLength><exif:PixelYDimension>3000</exif:PixelYDimension>
<exif:ColorSpace>{UNCALIBRATED}</exif:ColorSpace>
<xmp:Thumbnails><rdf:Alt><rdf:li>stale thumbnail</rdf:li></rdf:Alt></xmp:Thumbnails>
<Container:Directory><rdf:Seq><rdf:li>a gain map that is gone</rdf:li></rdf:Seq></Container:Directory>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>""".encode()
WRONG_IN_XMP = ("4000", "3000", "hdrgm:", "HasExtendedXMP", "MotionPhoto", "Adobe RGB", "stale", "gain map", "x-raw")


def resource(number: int, content: bytes) -> bytes:
    """Return one of Photoshop's image resources."""
    return b"8BIM" + struct.pack(">HHI", number, 0, len(content)) + content + b"\0" * (len(content) % 2)


def dataset(number: int, text: str) -> bytes:
    """Return one of IPTC's datasets, of the record that describes pictures."""
    return struct.pack(">BBBH", 0x1C, 2, number, len(text.encode())) + text.encode()


def iptc() -> bytes:
    """Return Photoshop's resources: IPTC, between thumbnails and other things of the original's."""
    records = dataset(120, "Grüße aus Łódź") + dataset(25, "ice") + dataset(25, "snow") + dataset(55, "20240131")
    return b"".join(
        (
            resource(0x0409, b"old thumbnail"),
            resource(0x0404, records),
            resource(0x040C, THUMBNAIL),
            resource(0x0422, b"stale exif"),
        )
    )


def segment(marker: int, content: bytes) -> bytes:
    """Return a JPEG segment."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


MPF = segment(0xE2, b"MPF\0II*\0")
"""An announcement of pictures behind the first."""


def jpeg_with(
    exif: bytes = b"", xmp: bytes = b"", resources: bytes = b"", pixels: Pixels = PIXELS, quality: int = 90
) -> bytes:
    """Return a JPEG file with these, which says that there are more pictures."""
    stored = io.BytesIO()
    Image.fromarray(pixels).save(stored, "jpeg", quality=quality)
    parts = (
        (0xE1, b"Exif\0\0", exif),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0", xmp),
        (0xED, b"Photoshop 3.0\0", resources),
    )
    segments = b"".join(segment(marker, start + content) for marker, start, content in parts if content)
    return b"\xff\xd8" + segments + MPF + stored.getvalue()[2:]


@pytest.fixture
def keep(tmp_path: Path) -> Callable[..., Path]:
    """Return what makes a variant with metadata kept of a file's bytes."""

    def make(content: bytes, target: ImageFormat, suffix: str = "jpeg", **options: Any) -> Path:
        (tmp_path / f"original.{suffix}").write_bytes(content)
        return made(tmp_path / f"original.{suffix}", target, keep_metadata=True, **options).path

    return make


def exif_of(path: Path) -> bytes:
    """Return the TIFF block in the file."""
    data = path.read_bytes()
    start = max(data.find(b"II*\0"), data.find(b"MM\0*"))
    assert start > 0
    return data[start:]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("target", WRITTEN)
def test_exif_is_true_of_the_variant(keep: Callable[..., Path], target: ImageFormat, order: str) -> None:
    """Sizes, colour space and orientation are the variant's, in both byte orders; the thumbnail is gone."""
    path = keep(jpeg_with(exif=tiff_block(order)), target, max_dimension=60)

    with Image.open(path) as image:
        tags = image.getexif()
        details, names = tags.get_ifd(0x8769), tags.get_ifd(0xA005)
        assert (tags[0x0100], tags[0x0101], tags[0x0112], tags[0x013B]) == (40, 60, 1, "Ada Lovelace")
        assert (details[0xA001], details[0xA002], details[0xA003]) == (1, 40, 60)
        assert (names[0x0001], names[0x1001], names[0x1002]) == ("R98", 40, 60)
        assert 0x02BC not in tags
        assert 0x9214 not in details
        assert not tags.get_ifd(1)
    assert b"thumbnail" not in path.read_bytes()
    assert b"stale" not in path.read_bytes()


@pytest.mark.parametrize("target", WRITTEN)
def test_a_makers_note_stays_where_it_was(keep: Callable[..., Path], target: ImageFormat) -> None:
    """Numbers in it may count from the beginning of the EXIF: they still find what they did."""
    block = tiff_block()

    kept = exif_of(keep(jpeg_with(exif=block), target, max_dimension=60))

    at = block.index(NOTE)
    assert kept[at : at + len(NOTE)] == NOTE


@pytest.mark.parametrize(("order", "mark"), [("<", b"II*\0"), (">", b"MM\0*")])
def test_what_lies_outside_of_the_exif_is_dropped(order: str, mark: bytes) -> None:
    """EXIF in several segments ends early for us: an entry that points beyond would be a dangling one."""
    entries = [(0x010E, 2, 12, 50), (0x010F, 2, 4, 0x41424300), (0x0132, 2, 500, 50)]
    packed = b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries)
    block = mark + struct.pack(f"{order}IH", 8, len(entries)) + packed + bytes(4) + b"firstsecond\0"

    kept = update_exif(block, Size(10, 10), is_srgb=True)

    assert kept is not None
    assert struct.unpack_from(f"{order}H", kept, 8) == (2,)
    assert [struct.unpack_from(f"{order}H", kept, at)[0] for at in (10, 22)] == [0x010E, 0x010F]
    assert kept[50:62] == b"firstsecond\0"


@pytest.mark.parametrize("target", WRITTEN)
def test_xmp_is_true_of_the_variant(keep: Callable[..., Path], target: ImageFormat) -> None:
    """Also where a property is an element; gain maps and more XMP, which are not there, are not announced."""
    data = keep(jpeg_with(xmp=XMP), target, max_dimension=60).read_bytes()

    xmp = data[data.index(b"<x:xmpmeta") : data.index(b"</x:xmpmeta>")].decode()
    assert [wrong for wrong in WRONG_IN_XMP if wrong in xmp] == []
    for right in (
        'tiff:ImageWidth="60"',
        "<tiff:ImageLength>40</tiff:ImageLength>",
        'exif:PixelXDimension="60"',
        "<exif:PixelYDimension>40</exif:PixelYDimension>",
        "<exif:ColorSpace>1</exif:ColorSpace>",
        'tiff:Orientation="1"',
        f'dc:format="image/{target}"',
        'GCamera:BurstID="burst 7"',
        'xmp:Label="kept label"',
    ):
        assert right in xmp


@pytest.mark.parametrize("target", WRITTEN)
def test_nothing_is_invented(keep: Callable[..., Path], target: ImageFormat) -> None:
    """A file that had no EXIF gets none."""
    path = keep(jpeg_with(xmp=XMP), target, max_dimension=60)

    with Image.open(path) as image:
        assert "exif" not in image.info


def test_webp_holds_exif_as_the_format_says(keep: Callable[..., Path]) -> None:
    """Its chunk is the TIFF block itself, without the prefix of JPEG, and the header announces it."""
    data = keep(jpeg_with(exif=tiff_block()), ImageFormat.WEBP, max_dimension=60).read_bytes()

    at = data.index(b"EXIF")
    assert data[at + 8 : at + 12] == b"II*\0"
    assert (data[12:16], data[20] & 0x0C) == (b"VP8X", 0x08)


@pytest.mark.parametrize("target", KEEPS_IPTC)
def test_iptc_is_kept_without_photoshops_thumbnails(keep: Callable[..., Path], target: ImageFormat) -> None:
    """Of Photoshop's resources only what describes the picture stays."""
    path = keep(jpeg_with(resources=iptc()), target, max_dimension=60)

    data = path.read_bytes()
    if target is ImageFormat.PNG:
        at = data.index(b"zTXtRaw profile type iptc\0\0")
        lines = zlib.decompressobj().decompress(data[at + 27 :]).decode().split("\n", 3)
        data = bytes.fromhex("".join(lines[3].split()))
    assert dataset(120, "Grüße aus Łódź") in data
    assert not any(wrong in data for wrong in (THUMBNAIL, b"old thumbnail", b"stale exif"))


@pytest.mark.parametrize("target", [ImageFormat.WEBP, ImageFormat.AVIF])
@pytest.mark.parametrize("xmp", [b"", XMP])
def test_iptc_becomes_xmp_where_there_is_no_place_for_it(
    keep: Callable[..., Path], target: ImageFormat, xmp: bytes
) -> None:
    """Descriptions, keywords and dates, beside whatever XMP said before."""
    data = keep(jpeg_with(xmp=xmp, resources=iptc()), target, max_dimension=60).read_bytes()

    told = data[data.index(b"<x:xmpmeta") : data.index(b"</x:xmpmeta>")].decode()
    assert '<rdf:li xml:lang="x-default">Grüße aus Łódź</rdf:li>' in told
    assert "<rdf:li>ice</rdf:li><rdf:li>snow</rdf:li>" in told
    assert ">2024-01-31</photoshop:DateCreated>" in told
    assert ("kept label" in told) == bool(xmp)


def test_what_xmp_says_is_not_said_again(keep: Callable[..., Path]) -> None:
    """Where both tell a date, XMP's stays."""
    xmp = XMP.replace(b'xmp:Label="kept label"', b'photoshop:DateCreated="2001-02-03"')

    data = keep(jpeg_with(xmp=xmp, resources=iptc()), ImageFormat.WEBP, max_dimension=60).read_bytes()

    assert data.count(b"DateCreated") == 1
    assert b"2001-02-03" in data


def test_pixels_that_are_kept_tell_the_truth_as_well(keep: Callable[..., Path], tmp_path: Path) -> None:
    """A repacked original loses its thumbnails and MPF too; of its colours it says what it did, as they are kept."""
    block = tiff_block().replace(struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0), struct.pack("<HHIHH", 0x0112, 3, 1, 1, 0))

    pixels = noise(WIDTH, HEIGHT)

    path = keep(jpeg_with(block, XMP, iptc(), pixels, quality=10), ImageFormat.JPEG, quality=95)

    (tmp_path / "plain.jpeg").write_bytes(jpeg_with(pixels=pixels, quality=10).replace(MPF, b""))
    assert np.array_equal(read(path), read(tmp_path / "plain.jpeg"))
    data = path.read_bytes()
    assert not any(wrong in data for wrong in (THUMBNAIL, b"MPF\0", b"old thumbnail", b"gain map"))
    assert b"Adobe RGB" in data
    with Image.open(path) as image:
        details = image.getexif().get_ifd(0x8769)
        assert (details[0xA001], details[0xA002]) == (UNCALIBRATED, WIDTH)


BROKEN = {
    "exif that is none": (b"nothing of the kind", b"", b""),
    "exif that ends at once": (tiff_block()[:12], b"", b""),
    "exif that points outside": (tiff_block().replace(struct.pack("<I", 200), struct.pack("<I", 2**31)), b"", b""),
    "exif without an end": (tiff_block()[:8] + b"\xff" * 500, b"", b""),
    "xmp that is cut": (b"", XMP[:500], b""),
    "xmp in another encoding": (b"", XMP.decode().encode("utf-16"), b""),
    "xmp with entities": (b"", b'<!DOCTYPE x [<!ENTITY a "b">]>' + XMP[XMP.index(b"<x:") :], b""),
    "xmp nested deeply": (b"", b"<a>" * 5000 + b"</a>" * 5000, b""),
    "xmp that is no RDF": (b"", b"<html/>", b""),
    "iptc that is cut": (b"", b"", iptc()[:60]),
    "iptc of other letters": (b"", b"", resource(0x0404, dataset(120, "x").replace(b"x", b"\xe9"))),
    "iptc with lengths beyond": (b"", b"", b"8BIM\x04\x04\0\0\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("target", WRITTEN)
@pytest.mark.parametrize("kind", BROKEN)
def test_metadata_that_cannot_be_kept_costs_no_picture(
    keep: Callable[..., Path], target: ImageFormat, kind: str
) -> None:
    """What cannot be read is left out."""
    exif, xmp, resources = BROKEN[kind]

    path = keep(jpeg_with(exif, xmp, resources), target, max_dimension=60)

    assert sorted(read(path, "RGB").shape) == [3, 40, 60]


@pytest.mark.parametrize("keyword", [b"", "Título".encode("latin-1"), b"XML:com.adobe.xmp", b"Raw profile type exif"])
@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt"])
@pytest.mark.parametrize("target", WRITTEN)
def test_texts_of_a_png_cost_no_picture(
    keep: Callable[..., Path], target: ImageFormat, kind: bytes, keyword: bytes
) -> None:
    """Nor do texts without a name, in other letters, or that are not what their name says."""
    stored = io.BytesIO()
    Image.fromarray(PIXELS).save(stored, "png")
    chunk = kind + keyword + b"\0\0\xfftext"
    whole = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))

    path = keep(stored.getvalue()[:33] + whole + stored.getvalue()[33:], target, "png", max_dimension=60)

    assert read(path, "RGB").shape == (40, 60, 3)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("via", WRITTEN)
@pytest.mark.parametrize("target", WRITTEN)
def test_an_independent_reader_agrees(
    keep: Callable[..., Path], tmp_path: Path, via: ImageFormat, target: ImageFormat
) -> None:
    """ExifTool finds EXIF and XMP in every format, through any other, and complains of nothing."""
    first = keep(jpeg_with(tiff_block(), XMP, iptc()), via, max_dimension=60).rename(tmp_path / "between")
    path = keep(first.read_bytes(), target, via.value, max_dimension=30)

    command = ["exiftool", "-j", "-G1", "-n", "-a", str(path)]
    [found] = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)

    warnings = [text for name, text in found.items() if name.startswith("ExifTool:Warning")]
    assert set(warnings) <= {"[minor] Unrecognized MakerNotes"}
    assert (found["ExifIFD:ExifImageWidth"], found["ExifIFD:ExifImageHeight"]) == (20, 30)
    assert (found["XMP-exif:ExifImageWidth"], found["XMP-exif:ExifImageHeight"]) == (20, 30)
    assert (found["ExifIFD:ColorSpace"], found["XMP-exif:ColorSpace"]) == (1, 1)
    assert (found["IFD0:Orientation"], found["XMP-tiff:Orientation"]) == (1, 1)
    assert found["XMP-dc:Format"] == f"image/{target}"
    assert not any("ThumbnailImage" in name for name in found)
