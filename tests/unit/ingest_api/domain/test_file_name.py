"""The name of a file with an image's bytes."""

import pytest

from ingest_api.domain.file_name import file_name


@pytest.mark.parametrize(
    ("sent", "image_format", "name"),
    [
        ("写真.JPG", "jpeg", "写真.JPG"),
        ("写真.JPG", "webp", "写真.webp"),
        ("archive.tar", "png", "archive.png"),
        ("no suffix", "png", "no suffix.png"),
        (None, "png", "safe.png"),
        ("later.jxl", "jxl", "later.jxl"),
    ],
)
def test_the_suffix_is_true(sent: str | None, image_format: str, name: str) -> None:
    """A suffix of the format stays as it was sent, any other is replaced."""
    assert file_name(sent, "safe", image_format) == name
