"""The load: clients that upload pictures, ask for jobs and come back later, as retry_until_available as real ones."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import uuid4

import httpx

from common.formats import ImageFormat
from tests.chaos.history import Accepted, History
from tests.factories.images import photo

PATIENCE_SECONDS = 10
_BUSY = frozenset({429, 503})
_DAMAGED_SHARE = 0.05
_REUSE_SHARE = 0.5
_AGAIN_SHARE = 0.1
_NEW_WORK_SHARE = 0.7
"""Jobs that ask, most of them, for what nobody has asked for yet; of the others most variants can be copied."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is uploaded; the damaged one has a sound header, so that only its job can fail."""

    content: bytes
    is_sound: bool = True


SOUND = [
    Picture(photo(ImageFormat.JPEG, width=120, height=90)),
    Picture(photo(ImageFormat.PNG, width=64, height=48)),
    Picture(photo(ImageFormat.WEBP, width=90, height=120)),
]
DAMAGED = Picture(photo(ImageFormat.JPEG, width=320, height=240)[:6000], is_sound=False)
OPTIONS: list[list[dict[str, Any]]] = [
    [{"format": "jpeg", "maxDimension": 48}],
    [{"format": "webp", "maxDimension": 32}],
    [{"maxDimension": 40}, {"format": "png", "maxDimension": 24}],
]


class _TurnedAwayError(Exception):
    """No answer, or one that says to come back."""


@dataclass(frozen=True, slots=True)
class Order:
    """A job to be asked for until there is an answer, always under the same key."""

    key: str
    body: dict[str, Any]
    picture: Picture


class Client:
    """One client. What it was promised, it notes in the history; what breaks a promise, too."""

    def __init__(self, urls: Sequence[str], history: History, rng: Random, *, pause_seconds: float) -> None:
        self._urls = urls
        self._history = history
        self._rng = rng
        self._pause_seconds = pause_seconds
        self._originals: list[tuple[str, Picture]] = []
        self._order: Order | None = None

    async def run(self) -> None:
        """Ask for jobs until cancelled."""
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
            while True:
                try:
                    await self._ask(http)
                except (_TurnedAwayError, httpx.TransportError) as exc:
                    self._history.answers[type(exc).__name__] += isinstance(exc, httpx.TransportError)
                await asyncio.sleep(self._pause_seconds * self._rng.uniform(0.5, 1.5))

    async def _ask(self, http: httpx.AsyncClient) -> None:
        self._order = order = self._order or await self._new_order(http)
        job_id = await self._job(http, order)
        self._history.accept(Accepted(job_id, order.picture.is_sound, time.time()))
        self._order = None
        if self._rng.random() < _AGAIN_SHARE and (again := await self._job(http, order)) != job_id:
            self._history.complain(f"the key {order.key} made the jobs {job_id} and {again}")

    async def _new_order(self, http: httpx.AsyncClient) -> Order:
        original, picture = await self._original(http)
        self._history.orders += 1
        options = self._rng.choice(OPTIONS)
        if self._rng.random() < _NEW_WORK_SHARE:
            options = [{**option, "quality": self._rng.randint(1, 99)} for option in options]
        body = {"originalID": original, "options": options}
        return Order(str(uuid4()), body, picture)

    async def _job(self, http: httpx.AsyncClient, order: Order) -> str:
        """Return the id of the job that the API answers with."""
        url = f"{self._rng.choice(self._urls)}/api/v1/job"
        answer = await http.post(url, json=order.body, headers={"Idempotency-Key": order.key})
        self._check(answer, f"a job for the stored original {order.body['originalID']}")
        return str(answer.json()["id"])

    async def _original(self, http: httpx.AsyncClient) -> tuple[str, Picture]:
        if self._originals and self._rng.random() < _REUSE_SHARE:
            return self._rng.choice(self._originals)
        picture = DAMAGED if self._rng.random() < _DAMAGED_SHARE else self._rng.choice(SOUND)
        files = {"file": ("chaos.jpg", picture.content)}
        answer = await http.post(f"{self._rng.choice(self._urls)}/api/v1/images", files=files)
        self._check(answer, "an upload")
        self._originals.append((answer.json()[0]["id"], picture))
        return self._originals[-1]

    def _check(self, answer: httpx.Response, what: str) -> None:
        self._history.answers[str(answer.status_code)] += 1
        if answer.status_code in _BUSY and "retry-after" in answer.headers:
            raise _TurnedAwayError
        if answer.status_code != httpx.codes.CREATED:
            self._history.complain(f"{what} was answered {answer.status_code}: {answer.text[:300]}")
            raise _TurnedAwayError
