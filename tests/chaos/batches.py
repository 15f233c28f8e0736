"""A client that asks for many jobs at once, and now and then cancels them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from typing import Any
from uuid import uuid4

import httpx

from tests.chaos.api import PATIENCE_SECONDS, Api, keep_asking
from tests.chaos.history import History
from tests.chaos.pictures import SOUND, draw_job

_FEWEST, _MOST = 3, 10
_PAUSE_SECONDS = 2.5
_ORIGINALS = 4
_AGAIN_SHARE = 0.2
_CANCEL_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class _Order:
    """A batch to be asked for until there is an answer, always under the same key."""

    key: str
    jobs: list[dict[str, Any]]


class BatchClient:
    """One client. Its pictures are sound, so that no job of a batch has a reason to fail."""

    def __init__(self, urls: Sequence[str], history: History, rng: Random) -> None:
        self._urls = urls
        self._history = history
        self._rng = rng
        self._originals: list[str] = []
        self._order: _Order | None = None
        self._unwanted: str | None = None

    async def run(self) -> None:
        """Ask for batches until cancelled."""
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
            api = Api(http, self._urls, self._history, self._rng)
            await keep_asking(lambda: self._ask(api), self._rng, pause_seconds=_PAUSE_SECONDS)

    async def _ask(self, api: Api) -> None:
        if self._unwanted:
            await self._cancel(api, self._unwanted)
        elif len(self._originals) < _ORIGINALS:
            await self._upload(api)
        else:
            await self._order_batch(api)

    async def _upload(self, api: Api) -> None:
        file = ("batch.jpg", self._rng.choice(SOUND).content)
        answer = await api.send("POST", "/api/v1/images", "an upload", files={"file": file})
        self._originals.append(answer.json()[0]["id"])

    async def _order_batch(self, api: Api) -> None:
        self._order = order = self._order or self._new_order()
        batch_id = await self._batch(api, order)
        self._history.accept_batch(batch_id, len(order.jobs))
        self._order = None
        if self._rng.random() < _CANCEL_SHARE:
            self._unwanted = batch_id
        if self._rng.random() < _AGAIN_SHARE and (again := await self._batch(api, order)) != batch_id:
            self._history.complain(f"the key {order.key} made the batches {batch_id} and {again}")

    def _new_order(self) -> _Order:
        count = self._rng.randint(_FEWEST, _MOST)
        self._history.orders += count
        return _Order(str(uuid4()), [draw_job(self._rng, self._rng.choice(self._originals)) for _ in range(count)])

    async def _batch(self, api: Api, order: _Order) -> str:
        """Return the id of the batch that the API answers with."""
        key = {"Idempotency-Key": order.key}
        answer = await api.send("POST", "/api/v1/batches", "a batch", json={"jobs": order.jobs}, headers=key)
        if answer.json()["total"] != len(order.jobs):
            self._history.complain(f"a batch of {len(order.jobs)} jobs was answered {answer.text[:300]}")
        return str(answer.json()["id"])

    async def _cancel(self, api: Api, batch_id: str) -> None:
        self._history.cancel_batch(batch_id)
        wanted = {HTTPStatus.OK, HTTPStatus.CONFLICT}
        await api.send("POST", f"/api/v1/batches/{batch_id}/cancel", f"the end of batch {batch_id}", wanted=wanted)
        self._unwanted = None
