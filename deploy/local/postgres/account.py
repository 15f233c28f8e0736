"""The account of PostgreSQL: ours, or one without rights for root, as which PostgreSQL refuses to run."""

import os
import pwd
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_FALLBACK = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """A user and a group by number; None means those of this process."""

    uid: int | None = None
    gid: int | None = None

    @property
    def extra_groups(self) -> list[int] | None:
        """The `extra_groups` for `subprocess`: none of root's for another account."""
        return None if self.uid is None else []

    def own(self, folder: Path) -> None:
        """Make the account the owner of *folder* itself."""
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)

    @contextmanager
    def open_folder(self, folder: Path) -> Iterator["OpenedFolder"]:
        """Yield *folder* by a name under which the account reaches it, however closed the folders above it are.

        On Linux that is an open descriptor, handed on. Elsewhere they are opened for passing through; see `reach`.
        """
        if self.uid is None or sys.platform != "linux":
            self.reach(folder)
            yield OpenedFolder(str(folder), ())
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield OpenedFolder(f"/proc/self/fd/{descriptor}", (descriptor,))
        finally:
            os.close(descriptor)

    def reach(self, path: Path) -> None:
        """Let the account pass through the folders above *path*: add `o+x` where it is missing, no more."""
        if self.uid is None:
            return
        for folder in path.parents:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                folder.chmod(mode | stat.S_IXOTH)
                log.warning("folder opened for passing through", folder=str(folder), account=self.uid)


@dataclass(frozen=True, slots=True)
class OpenedFolder:
    """A folder for a program: its name, and the descriptors that the program must inherit for it."""

    name: str
    descriptors: tuple[int, ...]


def account_for(folder: Path) -> Account:
    """Return PostgreSQL's account on *folder*: its owner if we are root, so that data stays usable."""
    if os.geteuid() != 0:
        return Account()
    owner = folder.stat() if folder.exists() else None
    if owner and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    entry = pwd.getpwnam(_FALLBACK)
    return Account(entry.pw_uid, entry.pw_gid)
