"""Keeps other users of this machine out of a data folder."""

import stat
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_OURS_ALONE = 0o700
_MADE_BY_US = frozenset(
    ["endpoints.json", "images", "kafka", "postgres", "postgres.lock", "postgres.new", "run", "up.lock", "lost+found"]
)


def close_to_others(folder: Path) -> None:
    """Create *folder* if missing, for its owner only; close it if it is open to others, and log that.

    A folder that holds more than ours, as /var or a home does, is left as it is, and so is one that is not ours to
    close; that is said as well. Raises `OSError` when it cannot be made.
    """
    folder.mkdir(mode=_OURS_ALONE, parents=True, exist_ok=True)
    mode = stat.S_IMODE(folder.stat().st_mode)
    if not mode & ~_OURS_ALONE:
        return
    if _close(folder):
        log.warning("data folder closed to others", folder=str(folder), mode_before=oct(mode))
    else:
        log.warning("data folder is open to others", folder=str(folder), mode=oct(mode), advice="choose one of its own")


def _close(folder: Path) -> bool:
    if {entry.name for entry in folder.iterdir()} - _MADE_BY_US:
        return False
    try:
        folder.chmod(_OURS_ALONE)
    except PermissionError:
        return False
    return True
