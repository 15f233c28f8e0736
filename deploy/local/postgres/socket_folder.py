"""The folder of PostgreSQL's Unix socket, and its DSN."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from deploy.local.postgres.account import Account

_SOCKET = ".s.PGSQL.5432"
_MAX_PATH_BYTES = 103  # macOS; Linux allows four more


@contextmanager
def socket_folder(folder: Path, account: Account) -> Iterator[Path]:
    """Yield *folder*, or a private one with a short name if the socket's path would be too long."""
    if len(os.fsencode(folder / _SOCKET)) <= _MAX_PATH_BYTES and "," not in str(folder):  # asyncpg splits hosts there
        yield folder
        return
    # Named after the folder, so that the next run uses and removes what a kill -9 left.
    digest = sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"icecube-{os.geteuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    _refuse_foreign(short, account)
    account.own(short)
    try:
        yield short
    finally:
        shutil.rmtree(short, ignore_errors=True)


def dsn_for(sockets: Path) -> str:
    """Return the DSN of the superuser, for asyncpg and libpq alike; only the folder's owner can connect."""
    return f"postgresql://icecube@/postgres?host={quote(str(sockets), safe='/')}&port=5432"


def _refuse_foreign(folder: Path, account: Account) -> None:
    status = folder.lstat()
    if status.st_uid not in {os.geteuid(), account.uid} or folder.is_symlink():
        message = f"{folder} belongs to somebody else: remove it, or set TMPDIR to a folder of yours"
        raise PermissionError(message)
