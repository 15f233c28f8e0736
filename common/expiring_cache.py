"""A cache in memory that evicts entries when they expire, or when others need the room."""

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

from cachetools import TLRUCache

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class ExpiringCache(Generic[Key, Value]):
    """Keeps values from a slower source, for *seconds* from just before each was read there.

    *room* bounds the sum of all values' sizes; the least recently used is evicted.
    """

    def __init__(
        self,
        room: float,
        *,
        seconds: float,
        size_of: Callable[[Value], float] = lambda _: 1,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.now = clock
        self._entries: TLRUCache[Key, tuple[Value, float]] = TLRUCache(
            room, lambda _, entry, __: entry[1] + seconds, timer=clock, getsizeof=lambda entry: size_of(entry[0])
        )

    def get(self, key: Key) -> Value | None:
        """Return the value of *key*, unless it is unknown or expired."""
        entry = self._entries.get(key)
        return entry[0] if entry else None

    def put(self, key: Key, value: Value, *, since: float) -> None:
        """Keep *value*, which was read after *since*: call `now` for that before reading."""
        self._entries[key] = (value, since)
