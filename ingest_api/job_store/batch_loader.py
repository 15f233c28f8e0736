"""Combines concurrent lookups or inserts into one statement: a round trip costs more than a row."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Generic, TypeVar

_AT_ONCE = 2
"""How many statements run at a time: while one returns, another is on its way."""
_MOST = 500
"""The most keys in one statement."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class BatchLoader(Generic[Key, Value]):
    """Runs *fetch*, which takes many keys at the price of one, for callers with one key each.

    A caller joins a statement that has yet to start, never one that runs: its result is newer than the call.
    """

    def __init__(self, fetch: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        self._fetch = fetch
        self._waiting: defaultdict[Key, list[asyncio.Future[Value | None]]] = defaultdict(list)
        self._workers: set[asyncio.Task[None] | None] = set()

    async def get(self, key: Key) -> Value | None:
        """Return the value of *key*; raise what *fetch* raised. A cancelled caller affects no other."""
        answer: asyncio.Future[Value | None] = asyncio.get_running_loop().create_future()
        self._waiting[key].append(answer)
        if len(self._workers) < _AT_ONCE:
            self._workers.add(asyncio.create_task(self._answer_all()))
        return await answer

    async def _answer_all(self) -> None:
        try:
            while self._waiting:
                await self._answer({key: self._waiting.pop(key) for key in list(self._waiting)[:_MOST]})
        finally:
            # Now, not when the task is done: a caller in between would rely on it.
            self._workers.discard(asyncio.current_task())

    async def _answer(self, asked: Mapping[Key, Sequence[asyncio.Future[Value | None]]]) -> None:
        try:
            found = await self._fetch(list(asked))
        except Exception as exc:  # noqa: BLE001 - it is raised where it was asked for
            for answer in _open(chain.from_iterable(asked.values())):
                answer.set_exception(exc)
            return
        for key, answers in asked.items():
            for answer in _open(answers):
                answer.set_result(found.get(key))


def _open(answers: Iterable[asyncio.Future[Value | None]]) -> list[asyncio.Future[Value | None]]:
    """Return those that a caller still waits for."""
    return [answer for answer in answers if not answer.done()]
