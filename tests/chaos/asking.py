"""Checks a promise while the run lasts: whoever reads a notification and asks the API sees that state."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

import httpx

from tests.chaos.history import History


class Asker:
    """Asks for each job that was announced, as soon as it was; no answer, or 503, is no breach."""

    def __init__(self, urls: Sequence[str], history: History, rng: Random) -> None:
        self._urls = urls
        self._history = history
        self._rng = rng
        self._announced: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def announced(self, job_id: str, status: str) -> None:
        """Have the job asked for."""
        self._announced.put_nowait((job_id, status))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ask while the block runs."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        async with httpx.AsyncClient(timeout=10) as http:
            while True:
                job_id, status = await self._announced.get()
                try:
                    answer = await http.get(f"{self._rng.choice(self._urls)}/api/v1/job/{job_id}")
                except httpx.TransportError:
                    continue
                if answer.status_code == httpx.codes.OK and answer.json()["status"] != status:
                    self._history.complain(f"job {job_id}, announced as {status}, was answered {answer.text[:200]}")
                elif answer.status_code not in {httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE}:
                    self._history.complain(f"announced job {job_id} was answered {answer.status_code}")
