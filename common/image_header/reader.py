"""The reader of one format's headers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from common.image_header import DamagedHeaderError
from common.image_header.bounded_file import BoundedFile

Size = tuple[int, int]
"""Width and height in pixels as stored."""

UNREAD: Size = (-1, -1)
"""The size if a header has none; imagesize returns it too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderReader:
    """The pattern of a format's first bytes, and the function that reads its size."""

    signature: bytes
    size: Callable[[BoundedFile], Size]


def refuse(reason: str) -> NoReturn:
    """Raise `DamagedHeaderError` with *reason*."""
    message = f"The image's header is damaged: {reason}."
    raise DamagedHeaderError(message)
