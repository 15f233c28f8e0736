"""A data folder is its owner's alone."""

import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from deploy.local.claims import data_folder
from deploy.local.folders.closing import close_to_others


def mode_of(path: Path) -> int:
    """Return the permissions of *path*."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_closed(tmp_path: Path) -> None:
    """It is made for its owner alone, and there is nothing to say."""
    with capture_logs() as logs, data_folder(tmp_path / "deep" / "data") as folder:
        mode = mode_of(folder)

    assert mode == 0o700
    assert logs == []


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_folder_of_an_earlier_release_is_closed_and_that_is_told(tmp_path: Path, mode: int) -> None:
    """What a run of before left open is closed before anything is started."""
    folder = tmp_path / "data"
    (folder / "images").mkdir(parents=True)
    (folder / "up.lock").touch()
    folder.chmod(mode)

    with capture_logs() as logs, data_folder(folder):
        closed = mode_of(folder)

    assert closed == 0o700
    [told] = logs
    assert told["event"] == "data folder closed to others"
    assert told["mode_before"] == oct(mode)


def test_a_folder_that_holds_more_is_left_and_that_is_told(tmp_path: Path) -> None:
    """Nobody loses access to /var because of a flag; what we make in it is closed by itself."""
    (tmp_path / "mail").mkdir()
    tmp_path.chmod(0o755)

    with capture_logs() as logs:
        close_to_others(tmp_path)

    assert mode_of(tmp_path) == 0o755
    assert [line["event"] for line in logs] == ["data folder is open to others"]
