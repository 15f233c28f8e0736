"""What a result may replace: never an input of the run, never what is no regular file, else what was asked for."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from processor.convert.conversions import Conversion
from processor.convert.errors import ConversionError
from processor.convert.placing import Placing, Policy
from processor.convert.sources import Source
from tests.unit.processor.convert.command import contents, run
from tests.unit.processor.engine.pictures import gradient, saved


def magic(path: Path) -> bytes:
    """Return what tells the formats apart."""
    return path.read_bytes()[:4]


def test_inputs_of_one_stem_are_all_left_as_they_were(tmp_path: Path) -> None:
    """Of p.jpg and p.jpeg, neither is replaced by the other's result."""
    jpg = saved(tmp_path, gradient(40, 30), "p.jpg")
    jpeg = saved(tmp_path, gradient(60, 50), "p.jpeg")
    before = jpg.read_bytes(), jpeg.read_bytes()

    result = run(jpg, jpeg, "-f", "jpeg", "--overwrite")

    assert (jpg.read_bytes(), jpeg.read_bytes()) == before
    assert result.returncode == 1
    assert f"{jpeg}: would be overwritten, and is an input of this run" in result.stderr
    assert contents(tmp_path) == {"p.jpg", "p.jpeg", "p_processed.jpeg"}


@pytest.mark.parametrize("flags", [(), ("--overwrite",)])
@pytest.mark.parametrize("make_link", [os.symlink, os.link])
@pytest.mark.parametrize("where", ["named", "default"])
def test_an_input_is_safe_behind_every_name(
    tmp_path: Path, make_link: Callable[[Path, Path], None], where: str, flags: tuple[str, ...]
) -> None:
    """A link to an input, soft or hard, is not written to either, named or by default."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    link = tmp_path / "photo.webp"
    make_link(picture, link)
    before = picture.read_bytes()

    result = run(picture, *(("-o", link) if where == "named" else ("-f", "webp")), *flags)

    assert result.returncode == (1 if where == "named" else 0)
    assert picture.read_bytes() == link.read_bytes() == before
    assert picture.samefile(link)
    if where == "default":  # the input itself, by another name
        assert contents(tmp_path) == {"photo.png", "photo.webp", "photo_processed.webp"}


@pytest.mark.parametrize("flag", ["", "--skip-existing", "--overwrite"])
def test_a_default_name_that_exists(tmp_path: Path, flag: str) -> None:
    """It is left alone and said so; passed over, or replaced, where that is asked for."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    existing = tmp_path / "photo.webp"
    existing.write_bytes(b"precious")

    result = run(picture, "-f", "webp", *filter(None, [flag]))

    assert contents(tmp_path) == {"photo.png", "photo.webp"}
    if flag == "--overwrite":
        assert (result.returncode, magic(existing)) == (0, b"RIFF")
        return
    assert existing.read_bytes() == b"precious"
    if flag == "--skip-existing":
        assert (result.returncode, result.stderr) == (0, "")
        assert "1 passed over" in result.stdout
    else:
        assert result.returncode == 1
        assert result.stderr.startswith(f"{existing}: exists already and is left alone; --overwrite")
        assert len(result.stderr.splitlines()) == 1


def test_a_default_name_is_known_before_the_format(tmp_path: Path) -> None:
    """Also where only the picture tells the format, what exists in a folder of results is left alone."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    (tmp_path / "out").mkdir()
    existing = tmp_path / "out" / "photo.png"
    existing.write_bytes(b"precious")

    result = run(picture, "-o", tmp_path / "out")

    assert result.returncode == 1
    assert "exists already" in result.stderr
    assert existing.read_bytes() == b"precious"


def test_a_broken_link_under_a_default_name_exists(tmp_path: Path) -> None:
    """A link to nothing is left alone as a file is: it may lead to where somebody wants no file."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    (tmp_path / "photo.webp").symlink_to(tmp_path / "elsewhere.webp")

    result = run(picture, "-f", "webp")

    assert result.returncode == 1
    assert "exists already" in result.stderr
    assert not (tmp_path / "elsewhere.webp").exists()


def test_a_named_output_is_replaced(tmp_path: Path) -> None:
    """Who names the output wants it written, under the permissions it had."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    output = tmp_path / "out.webp"
    output.write_bytes(b"old")
    output.chmod(0o600)

    result = run(picture, "-o", output)

    assert (result.returncode, result.stderr, magic(output)) == (0, "", b"RIFF")
    assert stat.S_IMODE(output.stat().st_mode) == 0o600


def test_skip_and_overwrite_contradict_each_other(tmp_path: Path) -> None:
    """Nobody can want both."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")

    result = run(picture, "-f", "webp", "--overwrite", "--skip-existing")

    assert result.returncode == 1
    assert "contradict" in result.stderr
    assert contents(tmp_path) == {"photo.png"}


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Named as the output, a link to a file is followed: the file is replaced, the link is not."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    (tmp_path / "elsewhere").mkdir()
    file = tmp_path / "elsewhere" / "real.webp"
    file.write_bytes(b"old")
    link = tmp_path / "out.webp"
    link.symlink_to(file)

    result = run(picture, "-o", link)

    assert (result.returncode, result.stderr) == (0, "")
    assert link.is_symlink()
    assert magic(file) == b"RIFF"
    assert contents(tmp_path / "elsewhere") == {"real.webp"}


@pytest.mark.parametrize("kind", ["device", "link to a device"])
def test_a_device_stays_a_device(tmp_path: Path, kind: str) -> None:
    """A device like /dev/null takes the result and stays what it is, also behind a link."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    device = tmp_path / "null"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("this user cannot make devices")
    output = device
    if kind != "device":
        output = tmp_path / "link"
        output.symlink_to(device)

    result = run(picture, "-f", "webp", "-o", output)

    assert (result.returncode, result.stderr) == (0, "")
    assert stat.S_ISCHR(output.stat().st_mode)
    assert output.is_symlink() == (kind != "device")


@pytest.mark.parametrize("flags", [("-o", "{}"), ("--overwrite",)])
def test_a_socket_is_no_place_for_a_result(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """What takes no stream is refused, and stays."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    path = tmp_path / "photo.webp"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))

        result = run(picture, "-f", "webp", *(flag.format(path) for flag in flags))

    assert result.returncode == 1
    assert f"{path}: is no regular file" in result.stderr
    assert path.is_socket()


def test_a_fifo_under_a_default_name_is_left_alone(tmp_path: Path) -> None:
    """Only a FIFO that was named is written to: nobody may be reading this one."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    os.mkfifo(tmp_path / "photo.webp")

    for flag, reason in (("", "exists already"), ("--overwrite", "is no regular file")):
        result = run(picture, "-f", "webp", *filter(None, [flag]))

        assert result.returncode == 1
        assert reason in result.stderr
    assert (tmp_path / "photo.webp").is_fifo()


def test_a_folder_is_no_place_for_a_file(tmp_path: Path) -> None:
    """A folder of the result's name stays a folder."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    (tmp_path / "photo.webp").mkdir()

    result = run(picture, "-f", "webp", "--overwrite")

    assert result.returncode == 1
    assert f"{tmp_path / 'photo.webp'}: is a folder" in result.stderr


@pytest.mark.parametrize("slash", ["/", "/."])
def test_a_slash_at_the_end_means_a_folder(tmp_path: Path, slash: str) -> None:
    """A folder that is not there yet is made, where its name says that it is one."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")

    result = run(picture, "-f", "webp", "-o", f"{tmp_path}/newdir{slash}")

    assert (result.returncode, result.stderr) == (0, "")
    assert contents(tmp_path / "newdir") == {"photo.webp"}


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """A slash behind the name of a file does not make it a folder, and the file stays."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")
    (tmp_path / "file").write_bytes(b"precious")

    result = run(picture, "-f", "webp", "-o", f"{tmp_path}/file/")

    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert (tmp_path / "file").read_bytes() == b"precious"


@pytest.mark.parametrize("flags", [("-f", "webp", "-o", "out.png"), ("-f", "png", "-o", "out.JFIF"), ("-o", "out.gif")])
def test_a_suffix_that_contradicts_the_format_is_refused(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """No file says that it is what it is not."""
    picture = saved(tmp_path, gradient(40, 30), "photo.png")

    result = run(picture, *(str(tmp_path / flag) if "." in flag else flag for flag in flags))

    assert result.returncode == 1
    assert str(tmp_path / flags[-1]) in result.stderr
    assert contents(tmp_path) == {"photo.png"}


def test_two_results_are_never_one_file(tmp_path: Path) -> None:
    """Also through folders that are links to one another, and asked to overwrite, a run keeps its own results."""
    for name, size in (("a", 40), ("b", 60)):
        (tmp_path / "in" / name).mkdir(parents=True)
        saved(tmp_path / "in" / name, gradient(size, 30), "photo.png")
    (tmp_path / "out" / "a").mkdir(parents=True)
    (tmp_path / "out" / "b").symlink_to("a")

    result = run(tmp_path / "in", "-f", "webp", "-o", tmp_path / "out", "--overwrite")

    assert result.returncode == 1
    assert "another input already became this file" in result.stderr
    assert contents(tmp_path / "out" / "a") == {"photo.webp"}


class PlacingInARace(Placing):
    """Places results while another program makes a file of the same name, just after the check."""

    def check(self, conversion: Conversion, target: Path | None) -> None:
        """Check, and then let the other program be quick."""
        super().check(conversion, target)
        if target is not None:
            target.write_bytes(b"another's")


def test_a_file_made_since_the_check_is_left_alone(tmp_path: Path) -> None:
    """A default name is taken in one step with the look at it."""
    result, target = tmp_path / "result", tmp_path / "photo.webp"
    result.write_bytes(b"ours")
    source = Source(str(tmp_path / "photo.png"), Path("photo.png"), is_stream=False)
    placing = PlacingInARace([], Policy())

    with pytest.raises(ConversionError, match="exists already and is left alone"):
        placing.put(result, Conversion(source, tmp_path / "photo"), target)

    assert target.read_bytes() == b"another's"
    assert contents(tmp_path) == {"result", "photo.webp"}
