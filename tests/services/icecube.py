"""Icecube as a user runs it: `icecube up` as a process, once for the session."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

START_SECONDS = 90
STOP_SECONDS = 40


@dataclass(frozen=True, slots=True)
class RunningIcecube:
    """Where the parts listen: the API's URL, Kafka's `host:port`, PostgreSQL's URI; the folder of the disk store."""

    api: str
    kafka: str
    postgres: str
    images: str


@pytest.fixture(scope="session")
def icecube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningIcecube]:
    """Yield a running Icecube of the session's own, with its parts embedded."""
    folder = tmp_path_factory.mktemp("icecube")
    with icecube_up(folder) as running:
        yield running


@contextmanager
def icecube_up(folder: Path) -> Iterator[RunningIcecube]:
    """Run `icecube up` in *folder* and yield its endpoints; see `started_icecube`."""
    with started_icecube(folder) as (_, running):
        yield running


@contextmanager
def started_icecube(
    folder: Path, *, flags: Sequence[str] = (), durable: bool = False, **settings: str
) -> Iterator[tuple["subprocess.Popen[bytes]", RunningIcecube]]:
    """Run `icecube up` in *folder* and yield its process and endpoints; it is stopped on the way out, in order.

    Unless *durable*, it keeps PostgreSQL and images in RAM: as root, PostgreSQL runs as another account, which
    pytest's folders keep out. *flags* are further ones of the command, *settings* environment variables.
    """
    endpoints, log = folder / "data" / "endpoints.json", folder / "icecube.log"
    endpoints.unlink(missing_ok=True)  # of a run that was killed
    with log.open("ab") as output:
        # Its own session: the Ctrl-C that stops pytest must not reach it before the tests are done with it.
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "up", "--port", "0", "--data-dir", str(folder / "data"), *flags],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**_environment(durable=durable), **settings},
        )
    try:
        yield process, _endpoints(process, endpoints, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()  # its children end by themselves when it is gone


def _environment(*, durable: bool) -> dict[str, str]:
    """Return this process's environment without the settings in it."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ICECUBE_", "POSTGRES_", "AWS_"))}
    return own if durable else {**own, "ICECUBE_DATABASE_TYPE": "memory", "ICECUBE_BLOB_TYPE": "memory"}


def _endpoints(process: "subprocess.Popen[bytes]", file: Path, log: Path) -> RunningIcecube:
    deadline = time.monotonic() + START_SECONDS
    while not file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"icecube up is not up (exit status {process.returncode}); it said:\n{log.read_text()}")
        time.sleep(0.02)
    return RunningIcecube(**json.loads(file.read_text("utf-8")))
