"""`icecube up` says in one line why it cannot start, and leaves nothing behind."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from deploy.local.folders.folder_lock import hold_lock


def _up(*flags: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ICECUBE_")}
    command = [sys.executable, "-m", "deploy.cli", "up", *flags]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_a_port_in_use_is_named_with_its_setting(tmp_path: Path) -> None:
    """A taken port stops the start: one line, with the port and what sets it, status 1, no cluster made."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        result = _up("--port", str(port), "--data-dir", str(tmp_path))

    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"port {port} on 127.0.0.1 is in use" in result.stderr
    assert "ICECUBE_SERVER_PORT" in result.stderr
    assert not (tmp_path / "postgres").exists()


def test_a_data_folder_serves_one_at_a_time(tmp_path: Path) -> None:
    """A folder that another run has stops the start: one line that names it, status 1."""
    with hold_lock(tmp_path / "up.lock"):
        result = _up("-port", "0", "-data-dir", str(tmp_path))

    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"the data folder {tmp_path} is in use by another `icecube up`" in result.stderr


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A data folder below a file is told with the system's words and the setting, status 1."""
    (tmp_path / "file").touch()

    result = _up("--port", "0", "--data-dir", str(tmp_path / "file" / "data"))

    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "Not a directory" in result.stderr
    assert "ICECUBE_DATA_DIR" in result.stderr
