"""Looks for a job's stop mark before its work and before its variants are stored, and for its original.

A deleted original leaves no mark on jobs that have ended: its missing bytes say it.
Keeps the protocol's rules "two sweeps" and "deletion" (ARCHITECTURE.md).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf
from uuid import UUID

from common.blob_store import BlobNotFoundError, BlobStore, BlobStoreUnavailableError
from common.stop_marks import is_stopped

LOOK_SECONDS = 5.0
"""How old a look may be: most jobs are done within it, and cost the store one request."""


class JobStoppedError(Exception):
    """The job has ended without this processor, as its stop mark says."""


class StopMark:
    """The stop mark that one job may have.

    Nothing is stored later than *store_seconds* after a look that found none, and the original in its place. So the API
    knows when nothing more can come for a job that it has marked, or whose original it has deleted.
    """

    def __init__(
        self,
        blobs: BlobStore,
        job_id: UUID,
        original_id: UUID,
        *,
        store_seconds: float,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._blobs = blobs
        self._job_id = job_id
        self._original_id = original_id
        self._store_seconds = store_seconds
        self._look_seconds = look_seconds
        self._looked_at = -inf

    async def check(self) -> None:
        """Raise `JobStoppedError` if the job has the mark, unless the last look is recent.

        A later look is for the original too, and raises `BlobNotFoundError`: the first needs none, as the original is
        read after it, or looked for by `check_original`.
        """
        now = asyncio.get_running_loop().time()
        if now - self._looked_at < self._look_seconds:
            return
        if await is_stopped(self._blobs, self._job_id):
            raise JobStoppedError
        if self._looked_at > -inf:
            await self.check_original()
        self._looked_at = now  # from before the look

    async def check_original(self) -> None:
        """Raise `BlobNotFoundError` if the original is gone."""
        if not await self._blobs.exists(self._original_id):
            raise BlobNotFoundError(self._original_id)

    @asynccontextmanager
    async def storing(self) -> AsyncIterator[None]:
        """Bound the block, which stores variants; raise `JobStoppedError`, or `BlobStoreUnavailableError` if late.

        A job that waits for its store is tried again, as in an outage.
        """
        await self.check()
        try:
            async with asyncio.timeout_at(self._looked_at + self._store_seconds):
                yield
        except TimeoutError as exc:
            message = f"storing took longer than {self._store_seconds:g} seconds"
            raise BlobStoreUnavailableError(message) from exc
