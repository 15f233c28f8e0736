"""Folders and checks for the tests of what runs on one machine."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest


@pytest.fixture
def postgres_folder() -> Iterator[Path]:
    """Yield where a cluster may be made.

    Not below pytest's own folder: as root, PostgreSQL runs as another account, and every pytest session
    that starts closes that folder to others again.
    """
    with tempfile.TemporaryDirectory(prefix="icecube-test-") as folder:
        yield Path(folder) / "postgres"


def postmasters(folder: Path) -> list[psutil.Process]:
    """Return the PostgreSQL servers that run on *folder*."""
    return [
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "postgres" and str(folder) in (process.info["cmdline"] or ())
    ]
