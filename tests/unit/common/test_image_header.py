"""Both services read a file's format and size by the same bounded reader."""

import io

import pytest

from common.formats import ImageFormat
from common.image_header import DamagedHeaderError, ImageHeader
from common.image_header.reading import read_image_header
from tests.factories import images


@pytest.mark.parametrize("image_format", ImageFormat)
def test_every_format_is_read(image_format: ImageFormat) -> None:
    """Each format that Icecube knows has a signature and a reader of its size."""
    file = io.BytesIO(images.photo(image_format, width=321, height=123))

    assert read_image_header(file) == ImageHeader(image_format, 321, 123)


@pytest.mark.parametrize("content", [b"", images.TEXT, images.bmp(), images.photo(ImageFormat.PNG)[:30]])
def test_what_has_no_header_of_ours_is_refused(content: bytes) -> None:
    """Nothing, no image, a format that we do not read, a header cut short: all are one error."""
    with pytest.raises(DamagedHeaderError):
        read_image_header(io.BytesIO(content))
