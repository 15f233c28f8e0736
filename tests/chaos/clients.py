"""The load: clients that upload pictures, ask for jobs and come back later, as retry_until_available as real ones."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import uuid4

import httpx

from tests.chaos.api import PATIENCE_SECONDS, Api, keep_asking
from tests.chaos.errands import Errand, Errands
from tests.chaos.history import Accepted, History
from tests.chaos.pictures import Picture, draw_job, draw_picture

_REUSE_SHARE = 0.5
_AGAIN_SHARE = 0.1
_CANCEL_SHARE = 0.08
_DELETE_SHARE = 0.05
_DELETE_VARIANT_SHARE = 0.05


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
        self._jobs: list[str] = []
        self._order: Order | None = None

    async def run(self) -> None:
        """Ask for jobs until cancelled."""
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
            api = Api(http, self._urls, self._history, self._rng)
            errands = Errands(api)
            await keep_asking(lambda: self._ask(api, errands), self._rng, pause_seconds=self._pause_seconds)

    async def _ask(self, api: Api, errands: Errands) -> None:
        await errands.look_for_the_gone()
        if errands.begun:
            await errands.go_on()
            return
        self._order = order = self._order or await self._new_order(api)
        job_id = await self._job(api, order)
        self._jobs.append(job_id)
        self._history.accept(Accepted(job_id, order.picture.is_sound, time.time()))
        self._order = None
        if self._rng.random() < _AGAIN_SHARE and (again := await self._job(api, order)) != job_id:
            self._history.complain(f"the key {order.key} made the jobs {job_id} and {again}")
        errands.begun = self._new_errand(order, job_id)

    def _new_errand(self, order: Order, job_id: str) -> Errand | None:
        if self._rng.random() < _CANCEL_SHARE:
            return Errand("cancel", job_id, order.picture.is_sound)
        if self._rng.random() < _DELETE_SHARE:  # one of long ago, or the one whose job is being done
            original, picture = self._originals.pop(self._rng.randrange(len(self._originals)))
            return Errand("delete", original, picture.is_sound)
        if self._rng.random() < _DELETE_VARIANT_SHARE:
            return Errand("delete variant", self._rng.choice(self._jobs), order.picture.is_sound)
        return None

    async def _new_order(self, api: Api) -> Order:
        original, picture = await self._original(api)
        self._history.orders += 1
        return Order(str(uuid4()), draw_job(self._rng, original), picture)

    async def _job(self, api: Api, order: Order) -> str:
        """Return the id of the job that the API answers with."""
        what = f"a job for the stored original {order.body['originalID']}"
        key = {"Idempotency-Key": order.key}
        return str((await api.send("POST", "/api/v1/job", what, json=order.body, headers=key)).json()["id"])

    async def _original(self, api: Api) -> tuple[str, Picture]:
        if self._originals and self._rng.random() < _REUSE_SHARE:
            return self._rng.choice(self._originals)
        picture = draw_picture(self._rng)
        answer = await api.send("POST", "/api/v1/images", "an upload", files={"file": ("chaos.jpg", picture.content)})
        self._originals.append((answer.json()[0]["id"], picture))
        return self._originals[-1]
