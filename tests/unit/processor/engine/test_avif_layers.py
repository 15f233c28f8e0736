"""An AVIF that holds a picture in several layers is shown as its boxes ask."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.formats import ImageFormat
from ingest_api.uploads.header import read_header
from processor.engine.codecs.containers.avif_layers import leave_wanted_layers
from processor.engine.colour.av1 import operating_points, with_largest_size
from tests.unit.processor.engine.pictures import difference, made, read

LAYERED = Path(__file__).parent / "files" / "layered.avif"
"""Three spatial layers of 360, 718 and 1436 pixels; it asks for the operating point 2, which is the smallest."""
SIZES = [(360, 182), (718, 366), (1436, 730)]
EVERY = 0xFFFF


def asking_for(point: int, last_layer: int, size: tuple[int, int]) -> bytes:
    """Return the file with other wishes and the *size* that they lead to."""
    data = bytearray(LAYERED.read_bytes())
    for kind, at, content in (
        (b"a1op", 4, bytes([point])),
        (b"lsel", 4, struct.pack(">H", last_layer)),
        (b"ispe", 8, struct.pack(">II", *size)),
    ):
        start = data.index(kind) + at
        data[start : start + len(content)] = content
    return bytes(data)


@pytest.mark.parametrize(
    ("point", "last_layer", "size"),
    [
        (2, EVERY, SIZES[0]),
        (1, EVERY, SIZES[1]),
        (0, EVERY, SIZES[2]),
        (0, 0, SIZES[0]),
        (0, 1, SIZES[1]),
        (0, 2, SIZES[2]),
        (1, 0, SIZES[0]),
    ],
)
def test_the_layer_that_is_asked_for_is_shown(
    tmp_path: Path, point: int, last_layer: int, size: tuple[int, int]
) -> None:
    """By an operating point, by a last layer, or by both; the upload's header and the variant agree on the size."""
    original = tmp_path / "original.avif"
    original.write_bytes(asking_for(point, last_layer, size))

    variant = made(original, ImageFormat.PNG, quality=100)

    header = read_header(original)
    assert (header.width, header.height) == (variant.width, variant.height) == size
    with Image.open(variant.path) as image:
        shown = np.asarray(image.convert("RGB").resize(SIZES[0], Image.Resampling.BOX))
    assert difference(read(LAYERED, "RGB"), shown) < (1.5 if size == SIZES[0] else 6)  # libavif's is the smallest


def test_other_files_are_left_as_they_are() -> None:
    """Files without layers, or that want all of them, are not copied; nonsense does no harm."""
    whole = asking_for(0, EVERY, SIZES[2])

    assert leave_wanted_layers(whole) is whole
    for cut in range(0, 400, 7):
        assert len(leave_wanted_layers(LAYERED.read_bytes()[:cut])) == cut
    assert leave_wanted_layers(asking_for(9, EVERY, SIZES[2]))


def test_the_sequence_header_is_understood() -> None:
    """Its operating points are told, and its largest size is changed in place, to the bit."""
    data = LAYERED.read_bytes()
    header = data[data.index(b"mdat") + 4 :][:17]

    assert operating_points(header) == [0x701, 0x301, 0x101]
    assert with_largest_size(header, 1436, 730) == header
    changed = with_largest_size(header, 360, 182)
    assert len(changed) == len(header)
    assert with_largest_size(changed, 1436, 730) == header
    assert with_largest_size(b"", 1, 1) == b""
