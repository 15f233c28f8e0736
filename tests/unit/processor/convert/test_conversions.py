"""Which files are converted, and where the results go."""

from pathlib import Path

import pytest

from common.formats import ImageFormat
from processor.convert.conversions import Conversion, format_asked_for, plan
from processor.convert.errors import ConversionError
from processor.convert.outcomes import Failed


def a_file(path: Path) -> Path:
    """Make an empty file at *path*, and the folders it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def planned(*inputs: Path, output: object = None) -> list[Conversion]:
    """Return the plan for *inputs*, which can all be converted."""
    found = plan([str(path) for path in inputs], None if output is None else str(output))
    assert not any(isinstance(one, Failed) for one in found)
    return [one for one in found if isinstance(one, Conversion)]


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("photo.jpg", "photo.webp"),
        ("photo.JFIF", "photo.webp"),
        ("photo.jpe", "photo.webp"),
        ("photo.tar.png", "photo.tar.webp"),
        ("IMG.2024", "IMG.2024.webp"),
        ("photo", "photo.webp"),
        (".png", ".png.webp"),
    ],
)
def test_a_result_lies_beside_its_source(tmp_path: Path, name: str, result: str) -> None:
    """Without an output only the suffix changes, if it is a picture's; other dots belong to the name."""
    [conversion] = planned(a_file(tmp_path / name))

    assert conversion.target(ImageFormat.WEBP) == tmp_path / result


def test_an_output_is_taken_literally_for_one_file(tmp_path: Path) -> None:
    """A named file is that file, whatever its extension."""
    [conversion] = planned(a_file(tmp_path / "photo.jpg"), output=tmp_path / "out.image")

    assert conversion.target(ImageFormat.WEBP) == tmp_path / "out.image"


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "jpe", "jfif", "PNG", "webp", "avif", "gif", "tif", "tiff"])
def test_a_folder_is_searched_for_every_suffix(tmp_path: Path, suffix: str) -> None:
    """Every spelling of every format is found in a folder."""
    picture = a_file(tmp_path / f"photo.{suffix}")

    assert [one.source.path for one in planned(tmp_path)] == [picture]


def test_a_folder_is_searched_and_mirrored(tmp_path: Path) -> None:
    """All pictures below a folder are found, others are not, and their folders are kept in the output."""
    first, second = a_file(tmp_path / "in" / "a.PNG"), a_file(tmp_path / "in" / "deep" / "b.jpeg")
    a_file(tmp_path / "in" / "notes.txt")

    conversions = planned(tmp_path / "in", output=tmp_path / "out")

    assert [one.source.path for one in conversions] == [first, second]
    assert [one.target(ImageFormat.AVIF) for one in conversions] == [
        tmp_path / "out" / "a.avif",
        tmp_path / "out" / "deep" / "b.avif",
    ]


def test_the_folder_of_results_is_not_searched(tmp_path: Path) -> None:
    """Run again, with its results in a folder within the input, a run does not take them for inputs."""
    picture = a_file(tmp_path / "a.png")
    a_file(tmp_path / "small" / "a.webp")

    assert [one.source.path for one in planned(tmp_path, output=tmp_path / "small")] == [picture]


def test_an_input_is_taken_once(tmp_path: Path) -> None:
    """A file that is named, and in a folder that is named, is one input."""
    picture = a_file(tmp_path / "a.png")

    assert [one.source.path for one in planned(picture, tmp_path, picture)] == [picture]


def test_a_result_of_the_inputs_own_name_is_renamed_once(tmp_path: Path) -> None:
    """A default name that is the input's becomes NAME_processed; that of such a result does not grow further."""
    [conversion] = planned(a_file(tmp_path / "photo.jpeg"))
    [again] = planned(a_file(tmp_path / "photo_processed.jpeg"))

    assert conversion.target(ImageFormat.JPEG) == tmp_path / "photo_processed.jpeg"
    with pytest.raises(ConversionError, match="would be overwritten"):
        again.target(ImageFormat.JPEG)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [([], "no input"), (["empty"], "no pictures in .*empty")],
)
def test_nothing_to_do_is_said(tmp_path: Path, inputs: list[str], reason: str) -> None:
    """A plan without work says so."""
    (tmp_path / "empty").mkdir()

    with pytest.raises(ConversionError, match=reason):
        plan([str(tmp_path / name) for name in inputs], None)


@pytest.mark.parametrize(
    ("name", "reason"), [("missing.png", "missing.png: no such file"), ("", "an empty name: no such file")]
)
def test_a_missing_input_fails_alone(tmp_path: Path, name: str, reason: str) -> None:
    """What is not there is told of in its place, and the other inputs are converted."""
    picture = a_file(tmp_path / "a.png")

    [failed, conversion] = plan([name, str(picture)], None)

    assert failed == Failed(name, reason)
    assert isinstance(conversion, Conversion)


@pytest.mark.parametrize("output", ["out.webp", "pipe"])
def test_several_results_need_a_folder(tmp_path: Path, output: str) -> None:
    """Two results do not fit into one file."""
    sources = [a_file(tmp_path / "a.png"), a_file(tmp_path / "b.png")]
    a_file(tmp_path / output)

    with pytest.raises(ConversionError, match="must be a folder"):
        planned(*sources, output=tmp_path / output)


def test_standard_output_holds_one_result(tmp_path: Path) -> None:
    """Two results are not strung together."""
    sources = [a_file(tmp_path / "a.png"), a_file(tmp_path / "b.png")]

    with pytest.raises(ConversionError, match="holds one result"):
        planned(*sources, output="-")


def test_standard_input_has_no_name_for_a_folder(tmp_path: Path) -> None:
    """No name is invented for what comes from standard input."""
    with pytest.raises(ConversionError, match="has no name"):
        plan(["-"], f"{tmp_path}/")


def test_an_output_names_its_format(tmp_path: Path) -> None:
    """The output's suffix stands for the format, as every converter has it; a folder's does not."""
    (tmp_path / "folder.png").mkdir()

    assert format_asked_for(str(tmp_path / "out.JPG")) is ImageFormat.JPEG
    assert format_asked_for(str(tmp_path / "out.jfif")) is ImageFormat.JPEG
    assert format_asked_for(str(tmp_path / "out.xyz")) is None
    assert format_asked_for(str(tmp_path / "folder.png")) is None
    assert format_asked_for(f"{tmp_path}/new.png/") is None
    assert format_asked_for("-") is None
    assert format_asked_for(None) is None


@pytest.mark.parametrize("name", ["x.tar.gz", "x.GZ", "x.zip", "x.txt", "x.pdf", "x.mp4", "x.json", "x.webp.bz2"])
def test_a_suffix_of_another_kind_of_file_is_no_output(name: str) -> None:
    """Whatever opens such a file would find an image: the sentence names the formats."""
    suffix = name.lower().rpartition(".")[2]
    with pytest.raises(ConversionError, match=f"{name}: {suffix} cannot be written, only jpeg, png, webp or avif"):
        format_asked_for(name)


@pytest.mark.parametrize("name", ["x", "x.tmp", "x.webp.part", "photo.v2", "2026.11.25", "x.bin", ".x", "x."])
def test_a_suffix_that_means_nothing_is_a_part_of_the_name(name: str) -> None:
    """Scripts write to such a name and rename the file; -format, or the original, says what it is."""
    assert format_asked_for(name) is None


@pytest.mark.parametrize("suffix", ["gif", "tiff", "heic", "bmp", "pdf"])
def test_a_format_that_is_not_written_is_no_output(suffix: str) -> None:
    """No picture of another format is written under the suffix of one that cannot be made."""
    with pytest.raises(ConversionError, match=f"{suffix} cannot be written, only jpeg, png, webp or avif"):
        format_asked_for(f"out.{suffix}")
