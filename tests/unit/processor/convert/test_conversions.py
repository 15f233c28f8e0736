"""Which files are converted, and where the results go."""

from pathlib import Path

import pytest

from common.formats import ImageFormat
from processor.convert.conversions import Conversion, ConversionError, format_named_by, plan


def a_file(path: Path) -> Path:
    """Make an empty file at *path*, and the folders it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_result_lies_beside_its_source(tmp_path: Path) -> None:
    """Without an output only the extension changes."""
    source = a_file(tmp_path / "photo.jpg")

    [conversion] = plan([source], None)

    assert conversion.target(ImageFormat.WEBP) == tmp_path / "photo.webp"


def test_an_output_is_taken_literally_for_one_file(tmp_path: Path) -> None:
    """A named file is that file, whatever its extension."""
    source = a_file(tmp_path / "photo.jpg")

    [conversion] = plan([source], tmp_path / "out.image")

    assert conversion.target(ImageFormat.WEBP) == tmp_path / "out.image"


def test_a_folder_is_searched_and_mirrored(tmp_path: Path) -> None:
    """All pictures below a folder are found, others are not, and their folders are kept in the output."""
    first, second = a_file(tmp_path / "in" / "a.PNG"), a_file(tmp_path / "in" / "deep" / "b.jpeg")
    a_file(tmp_path / "in" / "notes.txt")

    conversions = plan([tmp_path / "in"], tmp_path / "out")

    assert [one.source for one in conversions] == [first, second]
    assert [one.target(ImageFormat.AVIF) for one in conversions] == [
        tmp_path / "out" / "a.avif",
        tmp_path / "out" / "deep" / "b.avif",
    ]


def test_the_input_is_never_the_output(tmp_path: Path) -> None:
    """Also through a link, a source is not overwritten."""
    source = a_file(tmp_path / "photo.jpeg")
    link = tmp_path / "link.jpeg"
    link.symlink_to(source)

    for output in (source, link):
        with pytest.raises(ConversionError, match="would be overwritten"):
            Conversion(source, output, output_is_exact=True).target(ImageFormat.JPEG)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [([], "no input"), (["missing.png"], "missing.png: no such file"), (["empty"], "no pictures in .*empty")],
)
def test_nothing_to_do_is_said(tmp_path: Path, inputs: list[str], reason: str) -> None:
    """A plan without work names what is missing."""
    (tmp_path / "empty").mkdir()

    with pytest.raises(ConversionError, match=reason):
        plan([tmp_path / name for name in inputs], None)


def test_several_results_need_a_folder(tmp_path: Path) -> None:
    """Two results do not fit into one file."""
    sources = [a_file(tmp_path / "a.png"), a_file(tmp_path / "b.png")]

    with pytest.raises(ConversionError, match="must be a folder"):
        plan(sources, a_file(tmp_path / "out.webp"))


def test_an_output_names_its_format(tmp_path: Path) -> None:
    """The output's extension stands for the format, as every converter has it; a folder's does not."""
    (tmp_path / "folder.png").mkdir()

    assert format_named_by(tmp_path / "out.JPG") is ImageFormat.JPEG
    assert format_named_by(tmp_path / "out.xyz") is None
    assert format_named_by(tmp_path / "folder.png") is None
    assert format_named_by(None) is None
