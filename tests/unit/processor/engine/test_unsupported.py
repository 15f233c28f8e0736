"""What is refused by its name, at the upload and by the engine alike, and what is ours to answer for."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
import tifffile
from numpy.typing import NDArray

from common.formats import ImageFormat
from ingest_api.uploads.header import UploadRefusedError, read_header
from processor.engine import EngineError, ImageRefusedError, Refusal
from processor.engine.refusals import explain
from tests.unit.processor.engine.pictures import Pixels, difference, gradient, made, read, saved

COMPRESSION, PHOTOMETRIC = 259, 262


def refused_by_both(original: Path) -> str:
    """Return the one reason that the upload check and the engine give for refusing *original*."""
    with pytest.raises(UploadRefusedError) as at_upload:
        read_header(original)
    with pytest.raises(ImageRefusedError) as by_engine:
        made(original, ImageFormat.JPEG)
    assert (at_upload.value.code, by_engine.value.code) == ("unsupported_format", Refusal.UNSUPPORTED_FORMAT)
    assert str(at_upload.value) == by_engine.value.reason
    return by_engine.value.reason


def tiff(folder: Path, samples: NDArray[Any], photometric: str) -> Path:
    """Write *samples* as TIFF and return its path."""
    path = folder / "original.tiff"
    planar = "contig" if samples.shape[-1:] != (1,) else None
    tifffile.imwrite(path, samples, photometric=photometric, planarconfig=planar)
    return path


def tiff_with(folder: Path, tag: int, value: int) -> Path:
    """Write a TIFF one of whose tags was given another *value*."""
    path = tiff(folder, gradient(20, 10), photometric="rgb")
    data = bytearray(path.read_bytes())
    at = data.index(struct.pack("<HHL", tag, 3, 1)) + 8
    data[at : at + 2] = struct.pack("<H", value)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("sample", "named"),
    [
        ("float32", "floating-point samples"),
        ("float64", "floating-point samples"),
        ("float16", "floating-point samples"),
        ("uint32", "32 bits a sample"),
        ("uint64", "64 bits a sample"),
        ("int8", "signed samples"),
        ("int16", "signed samples"),
        ("int32", "signed samples"),
        ("complex64", "complex samples"),
    ],
)
@pytest.mark.parametrize("bands", [1, 3, 5])
def test_samples_that_are_no_colours_are_refused(tmp_path: Path, sample: str, named: str, bands: int) -> None:
    """Where nobody can tell which number is white, no black picture is made."""
    samples = np.linspace(0, 100, 20 * 10 * bands).reshape(10, 20, bands).astype(sample)
    original = tiff(tmp_path, samples, photometric="minisblack")

    assert refused_by_both(original) == f"TIFF files with {named} cannot be read."


@pytest.mark.parametrize(
    ("tag", "value", "named"),
    [
        (COMPRESSION, 6, "old-style JPEG compression"),
        (COMPRESSION, 50000, "ZSTD compression"),
        (COMPRESSION, 34925, "LZMA compression"),
        (COMPRESSION, 34887, "LERC compression"),
        (COMPRESSION, 34661, "JBIG compression"),
        (COMPRESSION, 34676, "SGI LogLuv compression"),
        (COMPRESSION, 777, "unknown (777) compression"),
        (PHOTOMETRIC, 32844, "LogL samples"),
        (PHOTOMETRIC, 32803, "raw sensor data"),
    ],
)
def test_a_tiff_is_refused_for_what_its_tags_say(tmp_path: Path, tag: int, value: int, named: str) -> None:
    """Compressions that the decoder was built without, and numbers that are no colours, are told by name."""
    assert refused_by_both(tiff_with(tmp_path, tag, value)) == f"TIFF files with {named} cannot be read."


@pytest.mark.parametrize(
    ("precision", "frame", "named"),
    [(12, 0xC1, "12 bits a sample"), (8, 0xC3, "lossless compression"), (8, 0xC5, "several resolutions")],
)
def test_kinds_of_jpeg_that_no_decoder_of_ours_reads(tmp_path: Path, precision: int, frame: int, named: str) -> None:
    """Medical pictures, for example, are told by their header."""
    original = saved(tmp_path, gradient(20, 10), "original.jpeg")
    data = bytearray(original.read_bytes())
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = frame, precision
    original.write_bytes(data)

    assert refused_by_both(original) == f"JPEG files with {named} cannot be read."


@pytest.mark.parametrize("bits", ["uint8", "uint16"])
@pytest.mark.parametrize("bands", [5, 7])
@pytest.mark.parametrize("target", [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP])
@pytest.mark.parametrize("photometric", ["rgb", "minisblack"])
def test_more_bands_than_colours_show_the_first_three(
    tmp_path: Path, bits: str, bands: int, target: ImageFormat, photometric: str
) -> None:
    """Scanners and satellites add bands; the variant shows the first three, and nothing of it is transparent."""
    pixels: Pixels = gradient(40, 30)
    scale = 257 if bits == "uint16" else 1
    more = np.zeros((30, 40, bands - 3), bits)
    original = tiff(tmp_path, np.dstack([pixels.astype(bits) * scale, more]), photometric=photometric)

    variant = made(original, target, quality=95)

    assert difference(read(variant.path, "RGBA")[..., :3], pixels) < 4
    assert read(variant.path, "RGBA")[..., 3].min() == 255


def test_what_no_file_is_to_blame_for_is_no_refusal() -> None:
    """A limit or a mistake of ours is told to us, never to the image's owner."""
    for complaint in ("reducev: reduce factor too large", "system: unable to write to /tmp/vips-0.v", "VipsObject: x"):
        assert isinstance(explain(pyvips.Error("unable to call", complaint), ImageFormat.PNG), EngineError)
