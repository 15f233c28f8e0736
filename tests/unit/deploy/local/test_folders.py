"""Locks and folders in RAM belong to the living."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local.folders.folder_lock import FolderInUseError, hold_lock
from deploy.local.folders.ram_folder import ram_folder

_HOLD = """
import sys, time, pathlib
from deploy.local.folders.{module} import {function}
with {function}(pathlib.Path(sys.argv[1])) as entered:
    print(entered, flush=True)
    time.sleep(600)
"""


def _holder(module: str, function: str, path: Path) -> tuple[subprocess.Popen[bytes], str]:
    script = _HOLD.format(module=module, function=function)
    process = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE)
    assert process.stdout
    with process.stdout:
        return process, process.stdout.readline().decode().strip()


def test_a_lock_is_refused_while_its_holder_lives(tmp_path: Path) -> None:
    """A second process does not get the lock, and a kill -9 of the first sets it free."""
    path = tmp_path / "lock"
    holder, _ = _holder("folder_lock", "hold_lock", path)

    with pytest.raises(FolderInUseError), hold_lock(path):
        pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()

    with hold_lock(path):
        assert path.exists()


def test_a_folder_in_ram_goes_with_its_block(tmp_path: Path) -> None:
    """The folder is private, and nothing is left of it or of what was put into it."""
    with ram_folder(tmp_path) as folder:
        (folder / "file").touch()
        mode = folder.stat().st_mode & 0o777

    assert mode == 0o700
    assert list(tmp_path.iterdir()) == []


def test_an_abandoned_folder_is_removed_and_a_live_one_is_not(tmp_path: Path) -> None:
    """What a killed process left in RAM is freed by the next one; what a living one has is left alone."""
    killed, abandoned = _holder("ram_folder", "ram_folder", tmp_path)
    living, kept = _holder("ram_folder", "ram_folder", tmp_path)
    killed.kill()
    killed.wait()

    with ram_folder(tmp_path):
        abandoned_exists, kept_exists = Path(abandoned).exists(), Path(kept).exists()
    living.kill()
    living.wait()

    assert not abandoned_exists
    assert kept_exists


def test_folders_that_come_and_go_disturb_nobody(tmp_path: Path) -> None:
    """Whoever looks for abandoned folders finds those of others, which may be gone a moment later."""

    def hold_often(_: int) -> None:
        for _ in range(100):
            with ram_folder(tmp_path):
                pass

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(hold_often, range(4)))

    assert list(tmp_path.iterdir()) == []
