"""The connections of an API process taken together: how many there may be, and which of them makes room."""

import asyncio
from collections import OrderedDict
from enum import Enum, auto
from typing import Protocol

_LOOK_SECONDS = 1.0
"""How often the connections are looked at: each deadline is kept to within this."""
SURPLUS = 64
"""Connections beyond the limit, which are answered about health, and otherwise that there are too many."""


class Seat(Enum):
    """What a newcomer gets."""

    REGULAR = auto()
    SURPLUS = auto()
    NONE = auto()


class Connection(Protocol):
    """A connection, as this module knows it."""

    def enforce_deadlines(self, now: float) -> None:
        """End the connection if its client has been too slow for too long."""
        ...

    def evict(self) -> None:
        """End the connection at once; it has no request in hand."""
        ...


class Connections:
    """Keeps the open connections within *limit*, and looks at their deadlines once a second.

    A connection without a request in hand is silent: it was just opened, sends headers, or is kept for a later
    request. The one that has been silent for longest makes room for a newcomer. Where each has a request in hand,
    a few more are let in, to be told how the process is, or that there are too many.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: set[Connection] = set()
        self._silent: OrderedDict[Connection, None] = OrderedDict()
        self._look: asyncio.TimerHandle | None = None

    def are_too_many(self) -> bool:
        """Say whether there are more connections than the limit."""
        return len(self._open) > self._limit

    def admit(self, connection: Connection) -> Seat:
        """Count *connection* in, evicting a silent one if need be."""
        if len(self._open) >= self._limit and self._silent:
            oldest, _ = self._silent.popitem(last=False)
            self._open.discard(oldest)
            oldest.evict()
        if len(self._open) >= self._limit + SURPLUS:
            return Seat.NONE
        self._open.add(connection)
        self.note_silent(connection)
        if self._look is None:
            self._look = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look_at_all)
        return Seat.SURPLUS if self.are_too_many() else Seat.REGULAR

    def note_silent(self, connection: Connection) -> None:
        """Take *connection* for one without a request in hand."""
        if connection in self._open:
            self._silent[connection] = None

    def note_busy(self, connection: Connection) -> None:
        """Take *connection* for one with a request in hand."""
        self._silent.pop(connection, None)

    def remove(self, connection: Connection) -> None:
        """Forget *connection*, which has ended."""
        self._open.discard(connection)
        self._silent.pop(connection, None)

    def _look_at_all(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in list(self._open):
            connection.enforce_deadlines(now)
        self._look = loop.call_later(_LOOK_SECONDS, self._look_at_all) if self._open else None
