"""A client of the API, for scenarios in which the clients have little to do."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench.service.service import Service

Options = dict[str, Any]
"""One task's options as the API takes them."""


class Client:
    """Uploads, asks and fetches; whatever is not answered as it should be is raised."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def upload(self, picture: Path) -> str:
        """Return the id of the stored original."""
        form = aiohttp.FormData()
        with picture.open("rb") as file:
            form.add_field("file", file, filename=picture.name)
            async with self._http.post("/api/v1/images", data=form) as answer:
                ((image),) = await answer.json()
                return str(image["id"])

    async def ask(self, original: str, options: Sequence[Options], **members: Any) -> dict[str, Any]:
        """Return the job as it was accepted; *members* are further ones of the request."""
        body = {"originalID": original, "options": list(options), **members}
        async with self._http.post("/api/v1/job", json=body) as answer:
            job: dict[str, Any] = await answer.json()
            return job

    async def get(self, path: str) -> bytes:
        """Return the bytes of an answer."""
        async with self._http.get(path) as answer:
            return await answer.read()


@asynccontextmanager
async def client(service: Service) -> AsyncIterator[Client]:
    """Yield a client with as many connections as it needs."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=600)
    async with aiohttp.ClientSession(service.api, connector=connector, timeout=timeout, raise_for_status=True) as http:
        yield Client(http)
