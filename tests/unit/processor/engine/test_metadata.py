"""What is kept of a picture's metadata when asked, and that nothing is when not."""

import io
import struct
from pathlib import Path

import pytest
from PIL import ExifTags, Image, IptcImagePlugin, PngImagePlugin

from common.formats import ImageFormat
from tests.unit.processor.engine.pictures import WRITTEN, gradient, made

OWNER, SERIAL, CREDIT, PLACE = "Ada Lovelace", "SN-4711-XYZ", "Credit to nobody", "Kleine Gasse 5"
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    f'tiff:Orientation="6" dc:rights="{CREDIT}"/></rdf:RDF></x:xmpmeta>'
).encode()
KEEPS_IPTC = [ImageFormat.JPEG, ImageFormat.PNG]


def exif() -> Image.Exif:
    """Return EXIF as a phone writes it: turned, with an owner, a serial number, a place and a thumbnail."""
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = 6
    tags[ExifTags.Base.Artist] = OWNER
    details = tags.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.BodySerialNumber] = SERIAL
    details[ExifTags.Base.ExifImageWidth], details[ExifTags.Base.ExifImageHeight] = 96, 64
    gps = tags.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N"
    gps[ExifTags.GPS.GPSLatitude] = (48.0, 12.0, 30.0)
    thumbnail = io.BytesIO()
    Image.new("RGB", (16, 12), "red").save(thumbnail, "jpeg")
    first = tags.get_ifd(ExifTags.IFD.IFD1)
    first[ExifTags.Base.JpegIFOffset] = thumbnail.getvalue()
    first[ExifTags.Base.JpegIFByteCount] = len(thumbnail.getvalue())
    return tags


def iptc_segment() -> bytes:
    """Return a JPEG segment with one IPTC record: the place where the picture was taken."""
    record = struct.pack(">BBBH", 0x1C, 2, 92, len(PLACE)) + PLACE.encode()
    resource = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(record)) + record + b"\0" * (len(record) % 2)
    content = b"Photoshop 3.0\0" + resource
    return b"\xff\xed" + struct.pack(">H", len(content) + 2) + content


@pytest.fixture(params=["jpeg", "png", "webp", "avif"])
def original(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return a picture with everything that its format can carry."""
    path = tmp_path / f"original.{request.param}"
    image = Image.fromarray(gradient(96, 64))
    if request.param == "png":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", XMP.decode())
        text.add_text("Comment", f"taken by {OWNER}")
        image.save(path, exif=exif(), pnginfo=text)
    else:
        image.save(path, exif=exif(), xmp=XMP, quality=90)
    if request.param == "jpeg":
        data = path.read_bytes()
        path.write_bytes(data[:2] + iptc_segment() + data[2:] + b"appended by a phone: " + SERIAL.encode())
    return path


@pytest.mark.parametrize("options", [{}, {"max_dimension": 48}, {"quality": 100}])
@pytest.mark.parametrize("target", WRITTEN)
def test_nothing_private_is_left_unless_asked(original: Path, target: ImageFormat, options: dict[str, int]) -> None:
    """Without keepMetadata a variant tells nothing of its owner, camera or place, in no chunk or segment."""
    variant = made(original, target, **options)

    data = variant.path.read_bytes()
    assert not any(secret.encode() in data for secret in (OWNER, SERIAL, CREDIT, PLACE))
    with Image.open(variant.path) as image:
        assert len(image.getexif()) == 0
        assert not {"exif", "xmp", "photoshop", "Comment"} & set(image.info)
        assert IptcImagePlugin.getiptcinfo(image) is None


@pytest.mark.parametrize("options", [{}, {"max_dimension": 48}])
@pytest.mark.parametrize("target", WRITTEN)
def test_exif_and_xmp_survive(original: Path, target: ImageFormat, options: dict[str, int]) -> None:
    """With keepMetadata they pass through a resize and into every format, saying upright."""
    variant = made(original, target, keep_metadata=True, **options)

    with Image.open(variant.path) as image:
        tags = image.getexif()
        assert tags[ExifTags.Base.Artist] == OWNER
        assert tags.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.BodySerialNumber] == SERIAL
        assert tags.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] == (48.0, 12.0, 30.0)
        assert tags.get(ExifTags.Base.Orientation, 1) == 1
        image.load()
        xmp = image.info.get("xmp") or image.info["XML:com.adobe.xmp"].encode()
    assert CREDIT.encode() in xmp
    assert b'tiff:Orientation="1"' in xmp


@pytest.mark.parametrize("target", WRITTEN)
def test_exif_tells_the_variants_own_size(original: Path, target: ImageFormat) -> None:
    """EXIF's own width and height are the variant's, and no thumbnail of the original stays behind."""
    variant = made(original, target, keep_metadata=True, max_dimension=48)

    with Image.open(variant.path) as image:
        tags = image.getexif()
        measured = tags.get_ifd(ExifTags.IFD.Exif)
        assert measured[ExifTags.Base.ExifImageWidth] == variant.width
        assert measured[ExifTags.Base.ExifImageHeight] == variant.height
        assert ExifTags.Base.JpegIFOffset not in tags.get_ifd(ExifTags.IFD.IFD1)


@pytest.mark.parametrize("via", KEEPS_IPTC)
def test_iptc_survives_where_it_can_be_carried(tmp_path: Path, via: ImageFormat) -> None:
    """IPTC goes from JPEG to PNG and back again without loss."""
    path = tmp_path / "original.jpeg"
    Image.fromarray(gradient(96, 64)).save(path)
    data = path.read_bytes()
    path.write_bytes(data[:2] + iptc_segment() + data[2:])

    first = made(path, via, keep_metadata=True, max_dimension=80)
    second = made(first.path.rename(tmp_path / "between"), ImageFormat.JPEG, keep_metadata=True, max_dimension=40)

    with Image.open(second.path) as image:
        records = IptcImagePlugin.getiptcinfo(image)
    assert records is not None
    assert records[2, 92] == PLACE.encode()
