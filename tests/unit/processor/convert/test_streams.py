"""Pictures that come and go as streams: standard input and output, FIFOs."""

import io
import json
import os
import shlex
import subprocess
import threading
from pathlib import Path

import pytest
from PIL import Image

from tests.unit.processor.convert.command import COMMAND, contents, pipe, run
from tests.unit.processor.engine.pictures import gradient, saved


def opened(data: bytes) -> tuple[str | None, tuple[int, int]]:
    """Return the format and the size of the picture that *data* is."""
    with Image.open(io.BytesIO(data)) as image:
        return image.format, image.size


def test_a_dash_is_standard_input_and_output(tmp_path: Path) -> None:
    """The picture alone goes to standard output; what is told goes to standard error."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")

    result = pipe(picture.read_bytes(), "-", "-f", "webp", "-o", "-")

    assert result.returncode == 0
    assert opened(result.stdout) == ("WEBP", (40, 30))
    assert result.stderr.startswith(b"standard output: ")
    assert contents(tmp_path) == {"photo.png"}


def test_standard_input_goes_to_standard_output(tmp_path: Path) -> None:
    """Where nothing else is named, as there is no name to make one of."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")

    result = pipe(picture.read_bytes(), "-", "-d", 20)

    assert opened(result.stdout) == ("PNG", (20, 15))


def test_standard_input_to_a_file(tmp_path: Path) -> None:
    """The named file tells the format."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")

    result = pipe(picture.read_bytes(), "-", "-o", tmp_path / "out.jpg")

    assert result.returncode == 0
    assert opened((tmp_path / "out.jpg").read_bytes()) == ("JPEG", (40, 30))


@pytest.mark.parametrize("output", ["-", "/dev/stdout", "/dev/fd/1"])
def test_json_makes_way_for_the_picture(tmp_path: Path, output: str) -> None:
    """The object stands on standard error, where standard output is taken, by whatever name."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")

    result = pipe(b"", picture, "-f", "webp", "--json", "-o", output)

    assert opened(result.stdout) == ("WEBP", (40, 30))
    assert json.loads(result.stderr)["files"][0]["output"] == "-"


def test_a_file_named_dash_is_reached_by_its_folder(tmp_path: Path) -> None:
    """`./-` is a file, as everywhere."""
    saved(tmp_path, gradient(40, 30), "photo.png").rename(tmp_path / "-")

    result = subprocess.run(
        [*COMMAND, "./-", "-f", "webp", "-o", "./-.webp"], cwd=tmp_path, capture_output=True, check=False, timeout=60
    )

    assert (result.returncode, result.stderr) == (0, b"")
    assert contents(tmp_path) == {"-", "-.webp"}


def test_what_is_no_picture_leaves_standard_output_empty() -> None:
    """An error is told on standard error, and names its stream."""
    result = pipe(b"no picture", "-", "-f", "webp")

    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr.startswith(b"standard input: The file is not an image")


def test_an_input_behind_standard_output_is_safe(tmp_path: Path) -> None:
    """Appending a result to its own input is refused, as `cat` does."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    before = picture.read_bytes()

    with picture.open("ab") as output:
        result = subprocess.run(
            [*COMMAND, str(picture), "-f", "webp", "-o", "-"],
            stdout=output, stderr=subprocess.PIPE, check=False, timeout=60,
        )  # fmt: skip

    assert result.returncode == 1
    assert b"would be overwritten" in result.stderr
    assert picture.read_bytes() == before


@pytest.mark.parametrize("kind", ["fifo", "link to a fifo"])
def test_a_fifo_is_written_to(tmp_path: Path, kind: str) -> None:
    """Whoever reads a FIFO gets the picture, and the FIFO stays."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    fifo = output = tmp_path / "fifo"
    os.mkfifo(fifo)
    if kind != "fifo":
        output = tmp_path / "link"
        output.symlink_to(fifo)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()), daemon=True)
    reader.start()

    result = run(picture, "-f", "webp", "-o", output)
    reader.join(60)

    assert (result.returncode, result.stderr) == (0, "")
    assert opened(read[0]) == ("WEBP", (40, 30))
    assert fifo.is_fifo()


def test_a_fifo_is_read_from(tmp_path: Path) -> None:
    """As shells make them of `<(command)`; the result goes to standard output, where no name is given."""
    data = saved(tmp_path, gradient(40, 30), "photo.png").read_bytes()
    fifo = tmp_path / "fifo.png"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(data), daemon=True)
    writer.start()

    result = pipe(b"", fifo, "-f", "jpg")
    writer.join(60)

    assert result.returncode == 0
    assert opened(result.stdout) == ("JPEG", (40, 30))


def test_a_reader_that_leaves_is_an_error_of_that_file(tmp_path: Path) -> None:
    """Nobody on the other end of standard output ends in one line, not in a traceback."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    reading, writing = os.pipe()
    os.close(reading)

    result = subprocess.run(
        [*COMMAND, str(picture), "-f", "webp", "-o", "-"],
        stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60,
    )  # fmt: skip
    os.close(writing)

    assert result.returncode == 1
    assert result.stderr == b"standard output: Broken pipe\n"


def test_a_stream_without_end_is_refused(tmp_path: Path) -> None:
    """A file of holes that claims more than any picture has is not copied until the disk is full."""
    huge = tmp_path / "huge.png"
    with huge.open("wb") as file:
        file.truncate(5 << 30)

    result = run(huge, "-f", "webp")

    assert result.returncode == 1
    assert result.stderr == f"{huge}: is larger than 1 GiB\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_do_not_matter(tmp_path: Path, closed: str) -> None:
    """Daemons start programs so; no file takes the place of a stream, to be printed into."""
    picture = saved(tmp_path, gradient(8, 8), "photo.png")

    status = shell(closed, picture, "-o", tmp_path / "out.webp").returncode

    assert status == 0
    assert opened((tmp_path / "out.webp").read_bytes()) == ("WEBP", (8, 8))


@pytest.mark.parametrize(("closed", "name", "flags"), [
    ("<&-", "standard input", ("-", "-o", "out.webp")),
    (">&-", "standard output", ("photo.png", "-f", "webp", "-o", "-")),
])  # fmt: skip
def test_a_closed_stream_can_not_be_used(tmp_path: Path, closed: str, name: str, flags: tuple[str, ...]) -> None:
    """It is an error of its name, not of ours."""
    saved(tmp_path, gradient(8, 8), "photo.png")

    done = shell(closed, *flags, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (1, f"{name}: Bad file descriptor\n")
    assert contents(tmp_path) == {"photo.png"}


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_report_that_nobody_can_read_is_a_failure(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """The result stands; who asked for the report learns that there is none."""
    picture = saved(tmp_path, gradient(8, 8), "photo.png")

    done = shell(f"1< {shlex.quote(str(picture))}", picture, "-o", tmp_path / "out.webp", *flags)

    assert done.returncode not in {0, 2}
    assert "Bad file descriptor" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out.webp").exists()


def shell(redirections: str, *arguments: object, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run the command with *arguments* in a shell, with *redirections*."""
    line = f"{shlex.join([*COMMAND, *(str(argument) for argument in arguments)])} {redirections}"
    root = {"PYTHONPATH": str(Path(__file__).parents[4])}
    return subprocess.run(
        ["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False, cwd=cwd, env={**os.environ, **root}
    )
