"""The embedded PostgreSQL keeps what was committed, and never leaves or doubles a server."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import psutil
import pytest

from deploy.local.postgres.server import EmbeddedPostgresError, embedded_postgres
from tests.integration.local.conftest import postmasters


def _run(dsn: str, sql: str) -> object:
    async def fetch() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _keeper(folder: Path, ready: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.local.postgres.keeper", str(folder)],
        env={**os.environ, "ICECUBE_READY_FILE": str(ready)},
    )


def _has_open(pid: int, name: str) -> bool:
    return any(Path(file.path).name == name for file in psutil.Process(pid).open_files())


def test_data_outlives_the_server(postgres_folder: Path) -> None:
    """What was committed is there when the folder is opened again."""
    with embedded_postgres(postgres_folder) as server:
        _run(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")

    with embedded_postgres(postgres_folder) as server:
        answer = _run(server.dsn, "SELECT answer FROM kept")

    assert answer == 42
    assert postmasters(postgres_folder) == []


@pytest.mark.parametrize(("durable", "fsync"), [(True, "on"), (False, "off")])
def test_only_throwaway_data_skips_fsync(postgres_folder: Path, *, durable: bool, fsync: str) -> None:
    """A durable server syncs its commits to the disk; one whose data is not kept does not."""
    with embedded_postgres(postgres_folder, durable=durable) as server:
        setting = _run(server.dsn, "SHOW fsync")

    assert setting == fsync


@pytest.mark.parametrize("name", ["n" * 120, "with, comma and space"])
def test_any_folder_name_works(postgres_folder: Path, name: str) -> None:
    """A folder too long for a socket, or one that a DSN cannot name, gets its socket elsewhere, removed after."""
    folder = postgres_folder / name / "postgres"

    with embedded_postgres(folder) as server:
        answer = _run(server.dsn, "SELECT 1")
        sockets = Path(server.dsn.split("host=")[1].split("&")[0])
        mode = sockets.stat().st_mode & 0o777

    assert answer == 1
    assert mode == 0o700
    assert not sockets.exists()


def test_a_server_left_by_a_killed_process_is_replaced(postgres_folder: Path) -> None:
    """After kill -9 of whoever started it, the old server is stopped in order: one server, nothing lost."""
    ready = postgres_folder.with_name("ready")
    keeper = _keeper(postgres_folder, ready)
    _wait_for(ready.exists)
    (old,) = postmasters(postgres_folder)
    keeper.kill()
    keeper.wait()

    with embedded_postgres(postgres_folder) as server:
        servers = [process.pid for process in postmasters(postgres_folder)]
        answer = _run(server.dsn, "SELECT 1")

    assert answer == 1
    assert servers == [server.process.pid]
    assert not old.is_running()


def test_kill_of_the_server_loses_no_commit(postgres_folder: Path) -> None:
    """A server killed with -9 is followed at once by one that recovers every commit."""
    with embedded_postgres(postgres_folder) as server:
        _run(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        server.process.kill()
        server.process.wait()

    with embedded_postgres(postgres_folder) as server:
        answer = _run(server.dsn, "SELECT answer FROM kept")

    assert answer == 42


def test_a_recycled_process_number_is_no_server(postgres_folder: Path) -> None:
    """A stale postmaster.pid naming a process that lives, but is not PostgreSQL, neither stops us nor it."""
    with embedded_postgres(postgres_folder) as server:
        content = (postgres_folder / "postmaster.pid").read_text().splitlines()
        server.process.kill()
        server.process.wait()
    bystander = subprocess.Popen(["sleep", "600"], user=postgres_folder.stat().st_uid)
    (postgres_folder / "postmaster.pid").write_text("\n".join([str(bystander.pid), *content[1:]]) + "\n")

    try:
        with embedded_postgres(postgres_folder) as server:
            answer = _run(server.dsn, "SELECT 1")
            bystander_lives = bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()

    assert answer == 1
    assert bystander_lives


def test_a_folder_interrupted_while_being_made_is_made_again(postgres_folder: Path) -> None:
    """An initdb that was killed half-way is no cluster: the next start makes a whole one."""
    half = postgres_folder.with_name("postgres.new")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    with embedded_postgres(postgres_folder) as server:
        answer = _run(server.dsn, "SELECT 1")

    assert answer == 1
    assert not half.exists()


def test_a_broken_folder_is_told_with_the_servers_words(postgres_folder: Path) -> None:
    """What PostgreSQL says about a folder it cannot use reaches the reader."""
    with embedded_postgres(postgres_folder):
        pass
    (postgres_folder / "PG_VERSION").write_text("9\n")

    with (
        pytest.raises(EmbeddedPostgresError, match="not compatible with this version"),
        embedded_postgres(postgres_folder),
    ):
        pass


@pytest.mark.parametrize("request_to_end", [signal.SIGTERM, signal.SIGINT])
def test_the_keeper_stops_its_server(postgres_folder: Path, request_to_end: signal.Signals) -> None:
    """Told to end, the keeper process takes its server down first and ends cleanly."""
    ready = postgres_folder.with_name("ready")
    keeper = _keeper(postgres_folder, ready)
    _wait_for(ready.exists)
    dsn = ready.read_text()
    answer = _run(dsn, "SELECT 1")

    keeper.send_signal(request_to_end)

    assert keeper.wait(60) == 0
    assert answer == 1
    assert postmasters(postgres_folder) == []


def test_two_never_share_a_folder(postgres_folder: Path) -> None:
    """While a live process has the folder, another waits for it, and gets it when the first lets go."""
    first_ready, second_ready = postgres_folder.with_name("first"), postgres_folder.with_name("second")
    first = _keeper(postgres_folder, first_ready)
    _wait_for(first_ready.exists)
    second = _keeper(postgres_folder, second_ready)
    _wait_for(lambda: _has_open(second.pid, "postgres.lock"))
    (server_while_waiting,) = postmasters(postgres_folder)

    first.kill()
    first.wait()
    _wait_for(second_ready.exists)
    (server_after,) = postmasters(postgres_folder)
    second.terminate()

    assert second.wait(60) == 0
    assert server_after.pid != server_while_waiting.pid
