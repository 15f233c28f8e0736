"""Limits the number of connections of an API process, and decides which one to evict."""

import asyncio
from collections import OrderedDict
from enum import Enum, auto
from typing import Protocol

_LOOK_SECONDS = 1.0
"""How often deadlines are checked, and so how late a connection may end."""
SURPLUS = 64
"""Connections beyond the limit: health checks are answered, everything else gets 503."""


class Seat(Enum):
    """How a new connection is treated."""

    REGULAR = auto()
    SURPLUS = auto()
    NONE = auto()


class Connection(Protocol):
    """A connection, as this module knows it."""

    def enforce_deadlines(self, now: float) -> None:
        """End the connection if its client has been too slow for too long."""
        ...

    def evict(self) -> None:
        """End the connection at once; it is idle."""
        ...


class Connections:
    """Keeps the open connections within *limit*, and checks their deadlines once a second.

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
        """Add *connection*, and evict an idle one if necessary."""
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
        """Mark *connection* as idle."""
        if connection in self._open:
            self._silent[connection] = None

    def note_busy(self, connection: Connection) -> None:
        """Mark *connection* as busy with a request."""
        self._silent.pop(connection, None)

    def remove(self, connection: Connection) -> None:
        """Remove *connection*, which has ended."""
        self._open.discard(connection)
        self._silent.pop(connection, None)

    def _look_at_all(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in list(self._open):
            connection.enforce_deadlines(now)
        self._look = loop.call_later(_LOOK_SECONDS, self._look_at_all) if self._open else None
