"""Caches responses, ready to send."""

from collections.abc import Callable
from time import monotonic

from starlette.responses import Response

from common.expiring_cache import ExpiringCache

_BYTES_BESIDE_BODY = 1000
_LARGEST = 16
"""No response takes more than this part of the room."""


class ResponseCache:
    """The latest responses of one route, by the requested id, each for *seconds* at most.

    Only answers that stay true as long as their row exists may be kept. After an operator has deleted the row they
    are given for the rest of their time.
    """

    def __init__(self, room_bytes: int, *, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._largest = room_bytes / _LARGEST
        self._answers: ExpiringCache[str, Response] = ExpiringCache(
            room_bytes, seconds=seconds, size_of=_size_of, clock=clock
        )
        self.now = self._answers.now

    def get(self, asked_for: str) -> Response | None:
        """Return the cached response for this id, if it is not too old."""
        return self._answers.get(asked_for)

    def put(self, asked_for: str, answer: Response, *, since: float) -> Response:
        """Cache *answer* if there is room, and return it; *since* is `now` from before its row was read."""
        if _size_of(answer) <= self._largest:
            self._answers.put(asked_for, answer, since=since)
        return answer


def _size_of(answer: Response) -> int:
    return len(answer.body) + _BYTES_BESIDE_BODY
