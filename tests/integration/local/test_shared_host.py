"""`icecube up` on a machine with other users: they reach neither its files nor its database."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from deploy.local.welcome import Endpoints, welcome
from tests.factories.images import photo
from tests.services.icecube import started_icecube

_CONNECT = """
import os, socket, sys
os.setgroups([])
os.setgid(54321)
os.setuid(54321)
os.stat(os.path.dirname(os.path.dirname(os.path.dirname(sys.argv[1]))))  # so far others get
with socket.socket(socket.AF_UNIX) as client:
    try:
        client.connect(sys.argv[1])
    except PermissionError:
        sys.exit(13)
"""


def _modes(data: Path) -> Iterator[tuple[int, int]]:
    """Yield kind and permissions of folders and files in *data* but PostgreSQL's own; some come and go meanwhile."""
    for path in (data, *data.rglob("*")):
        if data / "postgres" in path.parents:
            continue
        with suppress(FileNotFoundError):
            mode = path.lstat().st_mode
            if not stat.S_ISSOCK(mode):
                yield stat.S_IFMT(mode), stat.S_IMODE(mode)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Yield a folder that every user may enter, as those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="icecube-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_other_users_reach_nothing(open_folder: Path) -> None:
    """The data folder is 0700 and blobs are 0600, PostgreSQL has no way in for others, and the broker is told of."""
    data = open_folder / "data"
    with started_icecube(open_folder, durable=True) as (_, running):
        httpx.post(f"{running.api}/api/v1/images", files={"file": ("a.jpg", photo())}).raise_for_status()
        blobs = [path for path in (data / "images").rglob("*") if path.is_file()]
        modes = set(_modes(data))
        postmaster = (data / "postgres" / "postmaster.pid").read_text().splitlines()
        stranger = _stranger_connects(data / "postgres" / ".s.PGSQL.5432")

    assert blobs
    assert modes == {(stat.S_IFDIR, 0o700), (stat.S_IFREG, 0o600)}
    assert postmaster[5] == ""  # the address that it listens on
    assert stranger in {13, None}
    assert "asks nobody who they are" in (open_folder / "icecube.log").read_text()


def _stranger_connects(path: Path) -> int | None:
    """Return how another user's attempt ended: 13 when it was not let in; None where we cannot be another user."""
    if os.geteuid() != 0:
        return None
    return subprocess.run([sys.executable, "-c", _CONNECT, str(path)], check=False, cwd="/", timeout=30).returncode


def test_a_broker_of_ones_own_is_not_warned_of() -> None:
    """The warning is of the embedded broker only."""
    endpoints = Endpoints("http://a", "k:1", "postgres://p")

    text = welcome(endpoints, topic="t", python="python", is_broker_open=False)

    assert "asks nobody" not in text
