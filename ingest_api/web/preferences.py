"""Preferences of a request: `Prefer: wait=N` (RFC 7240), to be answered when the job has ended."""

import asyncio
import re
from typing import Annotated
from uuid import UUID

from fastapi import Header, Request, Response

from ingest_api.reads.job_waits import MOST_SECONDS, JobWaits

_WAIT = re.compile(r'\s*wait\s*=\s*(?:"(\d{1,9})"|(\d{1,9}))\s*(?:;.*)?', re.IGNORECASE)


_DESCRIPTION = (
    f"`wait=N` (RFC 7240): answer when the job has ended, but after N seconds at the latest, {MOST_SECONDS} at most. "
    "`Preference-Applied` says that the answer did."
)
Prefer = Annotated[str | None, Header(description=_DESCRIPTION, examples=["wait=10"])]
PREFER_PARAMETER = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "examples": ["wait=10"]},
    "description": _DESCRIPTION,
}
"""The same for a route whose header is read by hand."""


def preferred_seconds(request: Request) -> int:
    """Return how long the client would wait: 0 without such a preference, 60 at most. The first one counts."""
    for preference in ",".join(request.headers.getlist("prefer")).split(","):
        if match := _WAIT.fullmatch(preference):
            return min(int(match[1] or match[2]), MOST_SECONDS)
    return 0


async def wait_for_end(request: Request, waits: JobWaits, job_id: UUID, *, seconds: float) -> None:
    """Return when the job has ended, the time is over, the process stops, or the client has gone."""
    waiting = asyncio.create_task(waits.wait(job_id, seconds=seconds))
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        gone.cancel()
        await asyncio.gather(waiting, gone, return_exceptions=True)


def say_applied(response: Response, seconds: int) -> Response:
    """Tell the client how long its request could wait, unless it is 0."""
    if seconds:
        response.headers["Preference-Applied"] = f"wait={seconds}"
    return response


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
