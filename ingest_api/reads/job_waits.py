"""Lets requests wait until their jobs end, without a query for each.

All waits of a process share one query a second. A job whose result this process applies is known to have ended at once.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog

from ingest_api.job_store import JobStoreUnavailableError

log = structlog.get_logger(__name__)

MOST_SECONDS = 60
MOST_WAITS = 1000
"""Waits of a process; one more is answered at once. Each holds a connection, and little memory."""
_POLL_SECONDS = 1.0


class JobWaits:
    """The waits of this process, *most* at a time."""

    def __init__(self, *, most: int = MOST_WAITS) -> None:
        self._most = most
        self._waiting: defaultdict[UUID, set[asyncio.Future[None]]] = defaultdict(set)
        self._count = 0
        self._has_waits = asyncio.Event()
        self._is_closed = False

    @property
    def has_room(self) -> bool:
        """Whether one more may wait."""
        return self._count < self._most and not self._is_closed

    async def wait(self, job_id: UUID, *, seconds: float) -> None:
        """Return when the job has ended, the time is over, or the process stops. Look at the job again then."""
        if not self.has_room:
            return
        with self._registered(job_id) as ended:
            await asyncio.wait([ended], timeout=seconds)

    def tell_ended(self, job_ids: Iterable[UUID]) -> None:
        """Let those go who wait for these jobs, which have ended."""
        for job_id in job_ids:
            _let_go(self._waiting.get(job_id, ()))

    def close(self) -> None:
        """Let everybody go, as the process stops; nobody waits any more."""
        self._is_closed = True
        for waiting in self._waiting.values():
            _let_go(waiting)

    async def run(self, find_ended: Callable[[list[UUID]], Awaitable[Iterable[UUID]]]) -> None:
        """Look for ended jobs once a second while somebody waits, until cancelled.

        *find_ended* returns those of some jobs that have ended.
        """
        while True:
            await self._has_waits.wait()
            try:
                self.tell_ended(await find_ended(list(self._waiting)))
            except JobStoreUnavailableError as exc:  # those who wait see for themselves
                log.warning("ended jobs not looked for", error=str(exc))
            await asyncio.sleep(_POLL_SECONDS)

    @contextmanager
    def _registered(self, job_id: UUID) -> Iterator[asyncio.Future[None]]:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[job_id].add(ended)
        self._count += 1
        self._has_waits.set()
        try:
            yield ended
        finally:
            self._forget(job_id, ended)

    def _forget(self, job_id: UUID, ended: asyncio.Future[None]) -> None:
        self._count -= 1
        self._waiting[job_id].discard(ended)
        if not self._waiting[job_id]:
            del self._waiting[job_id]
        if not self._waiting:
            self._has_waits.clear()


def _let_go(waiting: Iterable[asyncio.Future[None]]) -> None:
    for ended in waiting:
        if not ended.done():
            ended.set_result(None)
