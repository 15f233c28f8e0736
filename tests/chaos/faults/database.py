"""Faults of PostgreSQL, and of what others do to it."""

import asyncio
import os
import signal
from contextlib import suppress

import asyncpg

from tests.chaos.database import connected
from tests.chaos.faults import FaultKind
from tests.chaos.stage import Stage

_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_BACK_SECONDS = 90


async def _stop_postgres(stage: Stage) -> None:
    await stage.postgres.stop()
    await asyncio.sleep(stage.rng.uniform(2, 8))
    stage.postgres.start()
    await _until_it_answers(stage)


async def _kill_postgres(stage: Stage) -> None:
    kill_postmaster(stage)
    await _until_it_answers(stage)


async def _cut_connections(stage: Stage) -> None:
    with suppress(*_AWAY):
        async with connected(stage.dsn) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'icecube-api'"
            )


async def _fill_connections(stage: Stage) -> None:
    """Take every connection that the server gives out, for a while."""
    held: list[asyncpg.Connection[asyncpg.Record]] = []
    try:
        for _ in range(100):
            held.append(await asyncpg.connect(stage.dsn, timeout=5))  # noqa: PERF401 - the last one fails
    except _AWAY:
        await _cut_connections(stage)
        await asyncio.sleep(5)
    finally:
        for connection in held:
            connection.terminate()


async def _hold_lock(stage: Stage) -> None:
    """Hold every job locked, as a careless migration would."""
    with suppress(*_AWAY):
        async with connected(stage.dsn) as connection, connection.transaction():
            await connection.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(stage.rng.uniform(5, 15))


def kill_postmaster(stage: Stage) -> None:
    """Kill PostgreSQL's main process; the others of it notice, and end."""
    with suppress(OSError, IndexError):  # it is away already
        os.kill(stage.postmaster(), signal.SIGKILL)


async def _until_it_answers(stage: Stage) -> None:
    async with asyncio.timeout(_BACK_SECONDS):
        while True:
            with suppress(*_AWAY):
                async with connected(stage.dsn):
                    return
            await asyncio.sleep(0.1)


DATABASE_FAULTS = [
    FaultKind("PostgreSQL stopped", _stop_postgres, 2, part="database"),
    FaultKind("kill -9 of PostgreSQL", _kill_postgres, 2, part="database"),
    FaultKind("connections cut", _cut_connections, 6),
    FaultKind("no connection left", _fill_connections, 2, part="database"),
    FaultKind("jobs table locked", _hold_lock, 2, part="database"),
]
