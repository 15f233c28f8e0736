"""Answers that stay true for ever, kept ready to be sent."""

from cachetools import LRUCache
from starlette.responses import Response

_BYTES_BESIDE_BODY = 1000
_LARGEST = 16
"""No answer takes more than this part of the room."""


class ResponseCache:
    """The last answers of one route, by the id that was asked for. Only what can never change may be kept."""

    def __init__(self, room_bytes: int) -> None:
        self._answers: LRUCache[str, Response] = LRUCache(room_bytes, getsizeof=_size_of)

    def get(self, asked_for: str) -> Response | None:
        """Return the answer to who asks for this id, if it is kept."""
        return self._answers.get(asked_for)

    def put(self, asked_for: str, answer: Response) -> Response:
        """Keep *answer* as long as there is room, and return it."""
        if _size_of(answer) <= self._answers.maxsize / _LARGEST:
            self._answers[asked_for] = answer
        return answer


def _size_of(answer: Response) -> int:
    return len(answer.body) + _BYTES_BESIDE_BODY
