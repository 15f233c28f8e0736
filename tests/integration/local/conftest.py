"""Folders and checks for the tests of what runs on one machine."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest


@pytest.fixture
def postgres_folder() -> Iterator[Path]:
    """Yield where a cluster may be made, in a folder that is closed to all other accounts."""
    with tempfile.TemporaryDirectory(prefix="icecube-test-") as folder:
        yield Path(folder) / "postgres"


def postmasters(folder: Path) -> list[psutil.Process]:
    """Return the PostgreSQL servers that run on *folder*, which is where they work."""
    found = [
        process
        for process in psutil.process_iter(["name", "cmdline", "cwd", "ppid"])
        if process.info["name"] == "postgres"
        and "-D" in (process.info["cmdline"] or ())
        and process.info["cwd"] == str(folder)
    ]
    # A server's child has its command line until it has given itself a name.
    return [process for process in found if process.info["ppid"] not in {other.pid for other in found}]
