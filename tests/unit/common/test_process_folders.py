"""A folder for each process, and what becomes of it when the process is killed."""

import subprocess
import sys
from pathlib import Path

from common.process_folders import process_folder

HOLD = """
import sys
from pathlib import Path
from common.process_folders import process_folder
with process_folder(Path(sys.argv[1])) as folder:
    (folder / "upload").write_bytes(b"half")
    print(folder, flush=True)
    sys.stdin.read()
"""


def holding(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a process that holds a folder in *parent*; return it and the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(parent)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_process_left_is_gone_at_the_next_start(tmp_path: Path) -> None:
    """And a living process keeps its own, however many start beside it."""
    living, kept = holding(tmp_path / "uploads")
    killed, left = holding(tmp_path / "uploads")
    killed.kill()
    killed.communicate(timeout=60)

    assert (left / "upload").exists()
    with process_folder(tmp_path / "uploads") as own:
        assert set((tmp_path / "uploads").iterdir()) == {kept, own}
        assert (kept / "upload").read_bytes() == b"half"

    living.communicate(timeout=60)
    assert list((tmp_path / "uploads").iterdir()) == []


def test_what_is_no_process_folder_is_left_alone(tmp_path: Path) -> None:
    """Other folders, files and links stay, and so does what they point to."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_bytes(b"x")
    parent = tmp_path / "uploads"
    (parent / "other").mkdir(parents=True)
    (parent / "process-link").symlink_to(elsewhere)

    with process_folder(parent):
        pass

    assert (elsewhere / "file").exists()
    assert (parent / "other").is_dir()
