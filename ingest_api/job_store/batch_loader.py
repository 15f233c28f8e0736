"""One statement for all who have something to ask, or to add, at once: a round trip costs more than a row."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Generic, TypeVar

_AT_ONCE = 2
"""Statements out at a time: while one comes back another is on its way."""
_MOST = 500
"""Keys in one of them."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class BatchLoader(Generic[Key, Value]):
    """Runs *fetch*, which answers for many keys at the price of one, for whoever comes with one.

    They join a statement that has yet to begin, never one that is out: what is found was there after they asked.
    """

    def __init__(self, fetch: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        self._fetch = fetch
        self._waiting: defaultdict[Key, list[asyncio.Future[Value | None]]] = defaultdict(list)
        self._workers: set[asyncio.Task[None] | None] = set()

    async def get(self, key: Key) -> Value | None:
        """Return what is found for *key*; raise what *fetch* raised. Who is cancelled takes nobody along."""
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
            # At once, not when the task is done: who asks in between would count on it.
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
    """Return those that somebody still waits for."""
    return [answer for answer in answers if not answer.done()]
