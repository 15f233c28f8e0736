"""How clients reach the API: any process of it, and what they make of its answers."""

import asyncio
from collections.abc import Awaitable, Callable, Container, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from typing import Any

import httpx

from tests.chaos.history import History

PATIENCE_SECONDS = 10
_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class TurnedAwayError(Exception):
    """No answer, or one that says to come back."""


class RefusedError(Exception):
    """An answer that breaks a promise; the history has it."""


@dataclass(frozen=True, slots=True)
class Api:
    """The API's processes, as one client asks them."""

    http: httpx.AsyncClient
    urls: Sequence[str]
    history: History
    rng: Random

    async def send(
        self, method: str, path: str, what: str, *, wanted: Container[int] = (HTTPStatus.CREATED,), **request: Any
    ) -> httpx.Response:
        """Return an answer whose status is *wanted*; raise `TurnedAwayError` or `RefusedError`."""
        try:
            answer = await self.http.request(method, self.rng.choice(self.urls) + path, **request)
        except httpx.TransportError as exc:
            self.history.answers[type(exc).__name__] += 1
            raise TurnedAwayError from exc
        self.history.answers[str(answer.status_code)] += 1
        if answer.status_code in _BUSY and "retry-after" in answer.headers:
            raise TurnedAwayError
        if answer.status_code not in wanted:
            self.history.complain(f"{what} was answered {answer.status_code}: {answer.text[:300]}")
            raise RefusedError
        return answer


async def keep_asking(ask: Callable[[], Awaitable[None]], rng: Random, *, pause_seconds: float) -> None:
    """Call *ask* until cancelled, with pauses that vary; what was not answered, it asks again."""
    while True:
        with suppress(TurnedAwayError, RefusedError):
            await ask()
        await asyncio.sleep(pause_seconds * rng.uniform(0.5, 1.5))
