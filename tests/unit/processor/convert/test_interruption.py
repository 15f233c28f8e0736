"""Ctrl-C and its like leave nothing behind."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.processor.convert.command import COMMAND, contents
from tests.unit.processor.engine.pictures import noise, saved

_DEADLINE_SECONDS = 60


@pytest.fixture(autouse=True)
def signals_that_nobody_ignores() -> Iterator[None]:
    """Let children start as in a terminal: a shell's background job hands its children ignored signals."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def start(tmp_path: Path, *arguments: object) -> "subprocess.Popen[str]":
    """Start the command in a process group of its own, with a folder of its own for temporary files."""
    (tmp_path / "tmp").mkdir()
    return subprocess.Popen(
        [*COMMAND, *(str(argument) for argument in arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    )  # fmt: skip


def wait_for(tmp_path: Path, pattern: str) -> None:
    """Return once there is a file of that *pattern* in the folder for temporary files."""
    wait_until(lambda: any((tmp_path / "tmp").glob(pattern)))


def wait_until(condition: Callable[[], bool]) -> None:
    """Return once *condition* holds."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("to_all", [True, False])
def test_a_signal_leaves_nothing(tmp_path: Path, number: signal.Signals, to_all: bool) -> None:  # noqa: FBT001 - a parameter
    """In the midst of the work, to the process or as a terminal does to all, it ends the run without a trace."""
    picture = saved(tmp_path, noise(2500, 2000), "photo.png")
    process = start(tmp_path, picture, "-f", "avif")
    wait_for(tmp_path, "icecube-convert-*/*.original")

    (os.killpg if to_all else os.kill)(process.pid, number)
    told, errors = process.communicate(timeout=_DEADLINE_SECONDS)

    assert process.returncode == -number
    assert (told, errors) == ("", "interrupted: 0 of the results are there\n")
    assert contents(tmp_path) == {"photo.png", "tmp"}
    assert not contents(tmp_path / "tmp")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])  # SIGHUP is ignored for a moment there
def test_a_signal_before_the_work_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """As soon as there is anything to remove, it is removed."""
    process = start(tmp_path, saved(tmp_path, noise(2500, 2000), "photo.png"), "-f", "avif")  # not done meanwhile
    wait_for(tmp_path, "pymp-*")

    process.send_signal(number)
    process.communicate(timeout=_DEADLINE_SECONDS)

    assert process.returncode == -number
    assert not contents(tmp_path / "tmp")


@pytest.mark.parametrize("how", ["reading", "writing"])
def test_a_stream_that_keeps_one_waiting_can_be_left(tmp_path: Path, how: str) -> None:
    """A FIFO without another end is no trap."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    picture = saved(tmp_path, noise(8, 8), "photo.png")
    flags = (fifo,) if how == "reading" else (picture, "-o", fifo)
    process = start(tmp_path, *flags, "-f", "webp")
    wait_for(tmp_path, "icecube-convert-*" if how == "reading" else "icecube-convert-*/*.variant")

    threading.Event().wait(0.5)  # until it waits for the other end, which cannot be seen; sooner, it is no other case
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=_DEADLINE_SECONDS)

    assert process.returncode == -signal.SIGINT
    assert errors == "interrupted: 0 of the results are there\n"
    assert not contents(tmp_path / "tmp")


def test_an_interruption_is_json_where_that_is_asked_for(tmp_path: Path) -> None:
    """Scripts learn of it, and of the results that are there."""
    small, large = saved(tmp_path, noise(8, 8), "a.png"), saved(tmp_path, noise(2500, 2000), "b.png")
    process = start(tmp_path, small, large, "-f", "avif", "--json")
    wait_for(tmp_path, "icecube-convert-*/1.original")
    wait_until(lambda: (tmp_path / "a.avif").exists() and not any((tmp_path / "tmp").glob("icecube-*/0.original")))
    threading.Event().wait(0.05)  # it counts the result as it removes the original

    process.send_signal(signal.SIGINT)
    told = json.loads(process.communicate(timeout=_DEADLINE_SECONDS)[0])

    assert told["error"] == "interrupted: 1 of the results are there"
    assert [Path(file["output"]).name for file in told["files"]] == ["a.avif"]
    assert contents(tmp_path) == {"a.png", "b.png", "a.avif", "tmp"}
