"""However `icecube up` ends, nothing of it stays: no process, nothing in RAM, no endpoints that are not there."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

START_SECONDS = 60


@contextmanager
def _up(data: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a ready `icecube up` that keeps nothing; killed at the end, if it still runs, with all it started."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ICECUBE_")}
    environment |= {"ICECUBE_DATABASE_TYPE": "memory", "ICECUBE_BLOB_TYPE": "memory", "ICECUBE_LOG_LEVEL": "error"}
    command = [sys.executable, "-m", "deploy.cli", "up", "--port", "0", "--workers", "1", "--data-dir", str(data)]
    (data / "endpoints.json").unlink(missing_ok=True)
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_until(lambda: (data / "endpoints.json").exists() or process.poll() is not None)
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _ram_folder(data: Path) -> Path:
    uri = json.loads((data / "endpoints.json").read_text())["postgres"]
    return Path(parse_qs(urlsplit(uri).query)["host"][0]).parent


def _api_status(data: Path) -> int:
    address = urlsplit(json.loads((data / "endpoints.json").read_text())["api"])
    assert address.hostname
    connection = HTTPConnection(address.hostname, address.port, timeout=60)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]])
def test_a_signal_ends_everything(tmp_path: Path, signals: list[signal.Signals]) -> None:
    """A SIGTERM and an impatient second Ctrl-C end with status 0, and take everything along."""
    with _up(tmp_path) as process:
        status_before = _api_status(tmp_path)
        in_ram = _ram_folder(tmp_path)
        family = psutil.Process(process.pid).children(recursive=True)

        for number in signals:
            process.send_signal(number)
            time.sleep(0.1)  # two of one kind at once are one signal
        exit_status = process.wait(START_SECONDS)
        _, alive = psutil.wait_procs(family, timeout=60)

    assert status_before == 200
    assert exit_status == 0
    assert alive == []
    assert not in_ram.exists()
    assert not (tmp_path / "endpoints.json").exists()


def test_kill_9_leaves_no_process_and_the_next_run_cleans_up(tmp_path: Path) -> None:
    """Killed with -9, its children and PostgreSQL end by themselves; what stayed in RAM goes with the next run."""
    with _up(tmp_path) as process:
        in_ram = _ram_folder(tmp_path)
        family = psutil.Process(process.pid).children(recursive=True)

        process.kill()
        _, alive = psutil.wait_procs(family, timeout=60)

    with _up(tmp_path) as process:
        status = _api_status(tmp_path)
        was_freed = not in_ram.exists()
        process.send_signal(signal.SIGTERM)
        exit_status = process.wait(START_SECONDS)

    assert alive == []
    assert status == 200
    assert was_freed
    assert exit_status == 0
