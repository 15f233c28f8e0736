"""Keeps the API's background work running through outages of its dependencies."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from common.blob_store import BlobStoreUnavailableError
from common.kafka.clients import KafkaError
from ingest_api.job_store import JobStoreUnavailableError

log = structlog.get_logger(__name__)

OUTAGES = (KafkaError, JobStoreUnavailableError, BlobStoreUnavailableError, TimeoutError, OSError)
"""Failures that only mean that a dependency is away."""
_LONGEST_PAUSE_SECONDS = 5.0
_SETTLED_SECONDS = 30.0


@asynccontextmanager
async def keep_running(name: str, work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run *work* during the block; restart it after each failure, with growing pauses while it fails at once."""
    task = asyncio.create_task(_run_again_and_again(name, work), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _run_again_and_again(name: str, work: Callable[[], Awaitable[None]]) -> None:
    pause = 0.1
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        try:
            await work()
        except OUTAGES as exc:
            log.warning("waiting for a dependency", work=name, error=str(exc) or repr(exc), pause_seconds=pause)
        except asyncio.CancelledError:
            # A library's cancelled task raises this into its awaiter: it does not cancel us.
            if (task := asyncio.current_task()) and task.cancelling():
                raise
            log.warning("background work was cut off", work=name, pause_seconds=pause)
        except Exception:
            # Our mistake: log it in full and try again, as stopping would help nobody.
            log.exception("background work failed", work=name, pause_seconds=pause)
        await asyncio.sleep(pause)
        pause = 0.1 if clock() - began > _SETTLED_SECONDS else min(2 * pause, _LONGEST_PAUSE_SECONDS)
