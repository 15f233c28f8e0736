"""Whatever a file or a name brings about stays with it: one line, and the others go on."""

import json
import os
import struct
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tests.unit.processor.convert.command import contents, pipe, run
from tests.unit.processor.engine.pictures import gradient, saved

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="file names are UTF-8 there")


def five_bands(path: Path) -> Path:
    """Write an uncompressed TIFF of five bands of 8 bits, as geographers have them."""
    width, height, bands = 10, 10, 5
    tags = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, bands, 200), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, 300), (277, 3, 1, bands), (278, 3, 1, height), (279, 4, 1, width * height * bands),
        (284, 3, 1, 1), (338, 3, bands - 1, 220),
    ]  # fmt: skip
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    data = bytearray(300 + width * height * bands)
    data[:8] = struct.pack("<2sHI", b"II", 42, 8)
    data[8 : 8 + len(directory)] = directory
    data[200:210] = struct.pack("<5H", *[8] * bands)
    data[220:228] = bytes(8)
    data[300:] = bytes(range(250)) * 2
    path.write_bytes(data)
    return path


def with_text(path: Path, keyword: bytes) -> Path:
    """Give the PNG at *path* a text of that keyword, in front of its pixels."""
    data = path.read_bytes()
    text = b"tEXt" + keyword + b"\x00hello"
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    path.write_bytes(data[:33] + chunk + data[33:])
    return path


@pytest.mark.parametrize("surprise", ["five bands", "latin-1 keyword", "empty keyword", "no picture", "unreadable"])
@pytest.mark.parametrize("flags", [(), ("-m",)])
def test_one_surprising_file_stops_no_other(tmp_path: Path, surprise: str, flags: tuple[str, ...]) -> None:
    """It becomes a picture or one line that names it; no traceback, and the others are made."""
    odd = saved(tmp_path, gradient(40, 30), "b.png")
    match surprise:
        case "five bands":
            odd = five_bands(tmp_path / "b.tif")
            (tmp_path / "b.png").unlink()
        case "latin-1 keyword":
            with_text(odd, b"Gr\xf6\xdfe")
        case "empty keyword":
            with_text(odd, b"")
        case "no picture":
            odd.write_bytes(b"no picture")
        case _:
            odd.unlink()
            odd.mkdir()
    saved(tmp_path, gradient(40, 30), "a.png")
    saved(tmp_path, gradient(40, 30), "c.png")

    result = run(tmp_path / "a.png", odd, tmp_path / "c.png", "-f", "jpg", "-o", f"{tmp_path}/out/", *flags)

    assert "Traceback" not in result.stderr
    assert {"a.jpeg", "c.jpeg"} <= contents(tmp_path / "out")
    assert "2 files: " in result.stdout or "3 files: " in result.stdout
    failed = {"a.jpeg", "c.jpeg"} == contents(tmp_path / "out")
    lines = result.stderr.splitlines()
    assert len(lines) == (1 if failed and surprise != "unreadable" else 0)
    assert all(line.startswith(f"{odd}: ") for line in lines)


@pytest.mark.parametrize("json_flag", [(), ("--json",)])
def test_names_that_are_no_text(tmp_path: Path, json_flag: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """A name in Latin-1, and one that would command a terminal, are converted and told of harmlessly."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    names = [b"caf\xe9.png", b"\x1b[31mred\n.png", b"[bold]x.png", b"a[1].png"]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(picture.read_bytes())
    picture.unlink()
    monkeypatch.setenv("COLUMNS", "500")  # so that no name is cut

    result = pipe(b"", tmp_path, "-f", "webp", *json_flag)

    assert (result.returncode, result.stderr) == (0, b"")
    made = {os.fsencode(path.name) for path in tmp_path.glob("*.webp")}
    assert made == {name.replace(b".png", b".webp") for name in names}
    assert b"\x1b" not in result.stdout
    if json_flag:
        told = {Path(file["output"]).name for file in json.loads(result.stdout)["files"]}
        assert {os.fsencode(name) for name in told} == made
    else:
        assert all(name in result.stdout for name in (rb"caf\xe9.webp", rb"\x1b[31mred\n.webp", b"[bold]x.webp"))


def test_a_failure_of_a_latin_1_name_is_told(tmp_path: Path) -> None:
    """Also where the line goes to a stream that takes ASCII only."""
    (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes(b"no picture")

    result = pipe(b"", tmp_path, "-f", "webp")

    assert result.returncode == 1
    assert result.stderr.startswith(os.fsencode(tmp_path) + rb"/caf\xe9.png: The file is not an image")


@pytest.mark.parametrize("length", [249, 255])
def test_names_as_long_as_names_can_be(tmp_path: Path, length: int) -> None:
    """What is written besides the result has a short name: a long one is no obstacle."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    long = picture.rename(tmp_path / ("n" * (length - 4) + ".png"))

    result = run(long, "-f", "webp", "-o", f"{tmp_path}/out/")

    if length + 1 <= 255:
        assert (result.returncode, result.stderr) == (0, "")
        assert contents(tmp_path / "out") == {"n" * (length - 4) + ".webp"}
    else:
        assert result.returncode == 1
        assert result.stderr.endswith(": File name too long\n")
        assert len(result.stderr.splitlines()) == 1


def test_links_to_inputs_elsewhere_are_followed(tmp_path: Path) -> None:
    """A folder of links to pictures is a folder of pictures; links to nothing are none."""
    (tmp_path / "in").mkdir()
    (tmp_path / "elsewhere").mkdir()
    picture = saved(tmp_path / "elsewhere", gradient(40, 30), "real.png")
    (tmp_path / "in" / "link.png").symlink_to(picture)
    (tmp_path / "in" / "broken.png").symlink_to(tmp_path / "nothing.png")

    result = run(tmp_path / "in", "-f", "webp")

    assert (result.returncode, result.stderr) == (0, "")
    assert contents(tmp_path / "in") == {"link.png", "broken.png", "link.webp"}
    assert contents(tmp_path / "elsewhere") == {"real.png"}


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (["{}/missing.png"], 1, "missing.png: no such file"),
        (["{}"], 1, "no pictures in"),
        ([], 1, "no input"),
        (["{}/photo.txt", "-f", "gif"], 1, "-format: "),
        (["{}/photo.txt", "-o", "x.gif"], 1, "cannot be written"),
        (["{}/photo.txt", "-config", "{}/missing.json"], 1, "missing.json: No such file"),
        (["{}/photo.txt", "--bogus"], 2, "No such option"),
        (["{}/photo.txt", "-q", "much"], 2, "-quality"),
    ],
)
def test_every_error_is_json_where_that_is_asked_for(
    tmp_path: Path, arguments: list[str], status: int, reason: str
) -> None:
    """Scripts read one object on standard output, whatever went wrong."""
    (tmp_path / "photo.txt").write_bytes(b"no picture")

    result = run("--json", *(argument.format(tmp_path) for argument in arguments))

    told = json.loads(result.stdout)
    assert (result.returncode, result.stderr) == (status, "")
    assert reason in (told.get("error") or told["files"][0]["error"])


@pytest.mark.parametrize(("value", "is_kept"), [("true", True), ("false", False), ("0", False), ("T", True)])
@pytest.mark.parametrize("dashes", ["-", "--"])
def test_switches_take_a_value(tmp_path: Path, value: str, is_kept: bool, dashes: str) -> None:  # noqa: FBT001 - a parameter
    """`-keep-metadata=false` means what it says, as it did."""
    exif = Image.Exif()
    exif[0x013B] = "Ada Lovelace"
    picture = saved(tmp_path, gradient(40, 30), "photo.png", exif=exif)
    output = tmp_path / "out.png"

    result = run(picture, "-keep-metadata", f"{dashes}keep-metadata={value}", "-d", 20, "-o", output)

    assert (result.returncode, result.stderr) == (0, "")
    with Image.open(output) as image:
        assert (image.getexif().get(0x013B) == "Ada Lovelace") == is_kept


def test_the_short_flag_helps() -> None:
    """`-h` is known, as it was."""
    result = run("-h")

    assert result.returncode == 0
    assert "--keep-metadata" in result.stdout
