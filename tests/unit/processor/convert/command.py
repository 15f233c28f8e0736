"""The command as its user calls it: a process of its own."""

import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "deploy.cli", "convert"]


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run the command with *arguments*."""
    command = [*COMMAND, *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def pipe(given: bytes, *arguments: object) -> "subprocess.CompletedProcess[bytes]":
    """Run the command with *arguments* and *given* on its standard input."""
    command = [*COMMAND, *(str(argument) for argument in arguments)]
    return subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)


def contents(folder: Path) -> set[str]:
    """Return the names of everything in *folder*."""
    return {path.name for path in folder.iterdir()}
