"""Opens the pool of PostgreSQL connections, and translates its errors into ours."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeAlias

import asyncpg
import stamina
import structlog

from ingest_api.job_store import JobStoreUnavailableError, ValueRefusedError

log = structlog.get_logger(__name__)

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

ACQUIRE_SECONDS = 5
"""How long a caller waits for a free connection before the database counts as busy."""
COMMAND_SECONDS = 30
STARTUP_SECONDS = 30
"""How long a starting process waits for a database that is also starting."""

_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a rollback on a connection whose last command has not been cancelled yet
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,  # shutting down, starting up, cancelled
    asyncpg.exceptions.InsufficientResourcesError,  # too many connections, disk full
    asyncpg.exceptions.TransactionRollbackError,  # deadlock, lost serialization
    asyncpg.exceptions.LockNotAvailableError,
)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise `JobStoreUnavailableError` if another try may succeed, `ValueRefusedError` if none will.

    Our own mistakes crash loudly.
    """
    try:
        yield
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as exc:
        message = f"PostgreSQL refuses a value: {type(exc).__name__}: {exc}"
        raise ValueRefusedError(message) from exc
    except _AWAY as exc:
        raise _unavailable(exc) from exc


def _unavailable(exc: Exception) -> JobStoreUnavailableError:
    return JobStoreUnavailableError(f"PostgreSQL cannot serve: {type(exc).__name__}: {exc}".rstrip(": "))


@asynccontextmanager
async def open_pool(dsn: str, *, max_connections: int) -> AsyncIterator[Pool]:
    """Yield a pool of connections; wait for a database that is still starting."""
    async for attempt in stamina.retry_context(on=JobStoreUnavailableError, attempts=None, timeout=STARTUP_SECONDS):
        with attempt, translate_errors():
            pool = await asyncpg.create_pool(
                dsn,
                min_size=1,
                max_size=max_connections,
                command_timeout=COMMAND_SECONDS,
                reset=_leave_as_it_is,
                server_settings={"application_name": "icecube-api"},
            )
    try:
        yield pool
    finally:
        await pool.close()


async def _leave_as_it_is(_: asyncpg.Connection) -> None:
    """Reset nothing, and save a round trip: asyncpg still ends an open transaction, and we set nothing else."""


@asynccontextmanager
async def connection_of(pool: Pool) -> AsyncIterator[Connection]:
    """Yield a connection, with errors translated; failing to get one counts as unavailable."""
    try:
        connection = await pool.acquire(timeout=ACQUIRE_SECONDS)
    except (*_AWAY, asyncpg.PostgresError) as exc:
        raise _unavailable(exc) from exc
    try:
        with translate_errors():
            yield connection
    finally:
        await _release(pool, connection)


async def _release(pool: Pool, connection: Connection) -> None:
    """Release *connection*. The pool closes one that cannot be reset; its committed work stands."""
    try:
        await pool.release(connection)
    except (*_AWAY, asyncpg.PostgresError) as exc:
        log.warning("connection dropped", error=repr(exc))
