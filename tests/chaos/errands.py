"""What clients do later: cancel a job, try it again, delete an image. Each is repeated until it is answered."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import product
from typing import Literal, assert_never

import httpx

from tests.chaos.api import Api, RefusedError
from tests.chaos.history import Accepted

GONE_AFTER_SECONDS = 11
"""How long after a 204 nobody may be served the image any more: the documented ten seconds, and one for the way."""
_RETRY_SHARE = 0.5
"""Of the jobs that were cancelled."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What is done to a job or an image until there is an answer."""

    what: Literal["cancel", "retry", "delete", "delete variant"]
    of: str
    image_is_sound: bool
    is_counted: bool = False


class Errands:
    """The errands of one client, one after the other, and what it must not be served any more."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._gone: list[tuple[float, str]] = []
        self.begun: Errand | None = None

    async def go_on(self) -> None:
        """Do what was begun; raise `TurnedAwayError` to be called again, or `RefusedError`."""
        if self.begun:
            try:
                self.begun = await self._run(self.begun)
            except RefusedError:
                self.begun = None
                raise

    async def _run(self, errand: Errand) -> Errand | None:
        """Return what comes after *errand*."""
        match errand.what:
            case "cancel":
                return await self._cancel(errand)
            case "retry":
                await self._retry(errand)
            case "delete":
                await self._delete(errand)
            case "delete variant":
                return await self._find_variant(errand)
            case _:
                assert_never(errand.what)
        return None

    async def _cancel(self, errand: Errand) -> Errand | None:
        api, of = self._api, errand.of
        api.history.cancel(of, is_answered=False)
        wanted = {HTTPStatus.OK, HTTPStatus.CONFLICT}
        answer = await api.send("POST", f"/api/v1/jobs/{of}/cancel", f"the cancellation of {of}", wanted=wanted)
        if answer.status_code == HTTPStatus.CONFLICT:
            return None
        api.history.cancel(of, is_answered=True)
        return replace(errand, what="retry") if api.rng.random() < _RETRY_SHARE else None

    async def _retry(self, errand: Errand) -> None:
        api, of = self._api, errand.of
        if not errand.is_counted:
            api.history.orders += 1
            self.begun = replace(errand, is_counted=True)
        key = {"Idempotency-Key": f"retry-{of}"}
        answer = await api.send("POST", f"/api/v1/jobs/{of}/retry", f"another try of {of}", headers=key)
        api.history.accept(Accepted(answer.json()["id"], errand.image_is_sound, time.time()))

    async def _delete(self, errand: Errand) -> None:
        api, of = self._api, errand.of
        api.history.delete(of, is_answered=False)
        await api.send("DELETE", f"/api/v1/images/{of}", f"the deletion of {of}", wanted={HTTPStatus.NO_CONTENT})
        api.history.delete(of, is_answered=True)
        self._gone.append((time.monotonic(), of))

    async def _find_variant(self, errand: Errand) -> Errand | None:
        """Return the deletion of a variant of the job, if it has one."""
        path, what = f"/api/v1/job/{errand.of}", f"a look at the job {errand.of}"
        tasks = (await self._api.send("GET", path, what, wanted={HTTPStatus.OK})).json()["tasks"]
        made = [task["variantID"] for task in tasks if task["variantID"]]
        return replace(errand, what="delete", of=made[0]) if made else None

    async def look_for_the_gone(self) -> None:
        """Complain of whoever serves an image for longer than it may after its deletion."""
        due = [gone for gone in self._gone if gone[0] < time.monotonic() - GONE_AFTER_SECONDS]
        self._gone = [gone for gone in self._gone if gone not in due]
        for _, image_id in due:
            for complaint in await served(self._api.http, self._api.urls, [image_id]):
                self._api.history.complain(complaint)


async def served(http: httpx.AsyncClient, urls: Sequence[str], image_ids: Sequence[str]) -> list[str]:
    """Return a complaint for each deleted image that a process of the API still serves; no answer is none."""
    complaints = []
    for image_id, url in product(image_ids, urls):
        for path in (f"/image/{image_id}", f"/api/v1/image/{image_id}/metadata"):
            with suppress(httpx.TransportError):
                if (await http.get(url + path)).status_code == HTTPStatus.OK:
                    complaints.append(f"deleted, and served by {url}: {path}")
    return complaints
