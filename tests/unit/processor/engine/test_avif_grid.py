"""A large AVIF is a grid of strips, which two independent decoders put together."""

from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms

from common.formats import ImageFormat
from common.image_header.reading import read_image_header
from common.options.variant import VariantOptions
from processor.engine.codecs.avif import encode
from processor.engine.codecs.avif_grid import encode_in_strips
from processor.engine.codecs.containers.avif_items import add_metadata
from processor.engine.metadata import Metadata
from tests.unit.processor.engine.pictures import difference, gradient, read

OPTIONS = VariantOptions(format=ImageFormat.AVIF, quality=90, keep_metadata=True)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("rows", [64, 70, 99])
def test_strips_are_one_picture(tmp_path: Path, channels: int, rows: int) -> None:
    """Colours and opacity are where they were, though the strips may be higher than the picture."""
    pixels = gradient(200, 198, channels=channels)
    image = pyvips.Image.new_from_array(pixels).copy(interpretation="srgb")

    (tmp_path / "grid.avif").write_bytes(encode_in_strips(image, rows, lambda strip: encode(strip, OPTIONS)))

    assert difference(read(tmp_path / "grid.avif"), pixels) < 2
    assert difference(np.asarray(pyvips.Image.new_from_file(str(tmp_path / "grid.avif"))), pixels) < 2


def test_a_grid_carries_what_a_picture_does(tmp_path: Path) -> None:
    """Its size is found by the header's reader; profile, EXIF and XMP are its own, not the strips'."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = pyvips.Image.new_from_array(gradient(200, 198)).copy(interpretation="srgb")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    exif, xmp = Image.Exif(), b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
    exif[0x013B] = "Ada Lovelace"

    grid = encode_in_strips(image, 70, lambda strip: encode(strip, OPTIONS))
    (tmp_path / "grid.avif").write_bytes(add_metadata(grid, Metadata(exif.tobytes()[6:], xmp)))

    with (tmp_path / "grid.avif").open("rb") as file:
        header = read_image_header(file)
    assert (header.width, header.height) == (200, 198)
    with Image.open(tmp_path / "grid.avif") as found:
        assert found.getexif()[0x013B] == "Ada Lovelace"
        assert (found.info["xmp"], found.info["icc_profile"]) == (xmp, profile)
    assert difference(read(tmp_path / "grid.avif"), gradient(200, 198)) < 2
