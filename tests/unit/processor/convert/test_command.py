"""`icecube convert` as a user calls it: a process of its own, files in, files out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.unit.processor.convert.command import contents, run
from tests.unit.processor.engine.pictures import gradient, saved


@pytest.mark.parametrize(
    "flags",
    [
        ["{}", "-format", "webp", "-max-dimension", "60", "-quality", "70", "-keep-metadata", "-output", "{}.out"],
        ["--input", "{}", "--format=webp", "--max-dimension=60", "--quality=70", "--keep-metadata", "--output={}.out"],
        ["-i", "{}", "-f", "webp", "-d", "60", "-q", "70", "-m", "-o", "{}.out"],
    ],
)
def test_flags_have_one_dash_or_two(tmp_path: Path, flags: list[str]) -> None:
    """All spellings of the flags do the same, and a line of sizes ends the output."""
    exif = Image.Exif()
    exif[0x013B] = "Ada Lovelace"
    original = saved(tmp_path, gradient(120, 80), "photo.jpeg", exif=exif)

    result = run(*(flag.format(original) for flag in flags))

    assert (result.returncode, result.stderr) == (0, "")
    assert " bytes, " in result.stdout.splitlines()[-1]
    with Image.open(f"{original}.out") as image:
        assert (image.format, image.size) == ("WEBP", (60, 40))
        assert image.getexif()[0x013B] == "Ada Lovelace"


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["-format", "gif"], "-format: "),
        (["-quality", "0"], "-quality: "),
        (["-max-dimension", "-1"], "-max-dimension: "),
        (["-output", "photo.jpeg"], "photo.jpeg: would be overwritten"),
    ],
)
def test_a_wrong_flag_is_one_line_and_leaves_nothing(tmp_path: Path, flags: list[str], reason: str) -> None:
    """Errors name the flag on standard error, exit with 1 and touch no file."""
    original = saved(tmp_path, gradient(12, 8), "photo.jpeg")
    before = original.read_bytes()

    result = run(original, *(str(tmp_path / flag) if flag == "photo.jpeg" else flag for flag in flags))

    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert reason in result.stderr
    assert contents(tmp_path) == {"photo.jpeg"}
    assert original.read_bytes() == before


def test_a_damaged_file_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    """What cannot be decoded is named with its reason."""
    original = saved(tmp_path, gradient(120, 80), "photo.png")
    original.write_bytes(original.read_bytes()[:250])

    result = run(original, "-f", "webp")

    assert result.returncode == 1
    assert result.stderr.startswith(f"{original}: The image is damaged or incomplete")
    assert len(result.stderr.splitlines()) == 1
    assert contents(tmp_path) == {"photo.png"}


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    """A folder is converted as far as it can be; the exit status tells that something failed."""
    saved(tmp_path, gradient(120, 80), "good.png")
    saved(tmp_path, gradient(60, 80), "fine.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")

    result = run(tmp_path, "-f", "jpg", "-o", tmp_path / "out")

    assert result.returncode == 1
    assert "bad.png: The file is not an image" in result.stderr
    assert "2 files: " in result.stdout.splitlines()[-1]
    assert contents(tmp_path / "out") == {"good.jpeg", "fine.jpeg"}


def test_two_inputs_never_become_one_file(tmp_path: Path) -> None:
    """The second of two pictures of one name is refused, not written over the first."""
    saved(tmp_path, gradient(120, 80), "photo.png")
    saved(tmp_path, gradient(60, 80), "photo.gif")

    result = run(tmp_path, "-f", "webp")

    assert result.returncode == 1
    assert "another input already became this file" in result.stderr
    assert contents(tmp_path) == {"photo.png", "photo.gif", "photo.webp"}


def test_json_tells_every_file(tmp_path: Path) -> None:
    """Scripts get one object with each result, each failure and the sums."""
    good = saved(tmp_path, gradient(120, 80), "good.png")
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")

    result = run(good, bad, "-f", "webp", "--json")

    told = json.loads(result.stdout)
    assert result.returncode == 1
    assert told["files"][0]["output"] == str(tmp_path / "good.webp")
    assert told["files"][0]["bytesAfter"] == told["bytesAfter"] == (tmp_path / "good.webp").stat().st_size
    assert told["files"][1] == {"input": str(bad), "error": f"{bad}: The file is not an image of a supported format."}


def test_nothing_slow_is_imported_before_there_is_work() -> None:
    """Naming the command costs neither libvips nor numpy nor pydantic, so help and errors come at once."""
    program = "import sys, processor.convert.command; print(*sys.modules)"

    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert not {"pyvips", "numpy", "faust", "pydantic", "asyncio"} & set(modules)


def test_limits_come_from_the_configuration(tmp_path: Path) -> None:
    """A file named with -config says what is refused, and a wrong one is told in one line."""
    picture = saved(tmp_path, gradient(400, 300), "photo.png")
    config = tmp_path / "icecube.json"
    config.write_text('{"limits": {"megapixels": 0.1}}')
    refused = run(picture, "-format", "webp", "-config", config)
    config.write_text("nope")
    wrong = run(picture, "-format", "webp", "-config", config)

    assert (refused.returncode, wrong.returncode) == (1, 1)
    assert "megapixels" in refused.stderr
    assert str(config) in wrong.stderr
    assert len(wrong.stderr.splitlines()) == 1
    assert not (tmp_path / "photo.webp").exists()
