"""What reads the header of one format."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from common.image_header import DamagedHeaderError
from common.image_header.bounded_file import BoundedFile

Size = tuple[int, int]
"""Width and height in pixels as stored."""

UNREAD: Size = (-1, -1)
"""The size where a header tells none; it is also imagesize's word for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderReader:
    """How files of a format begin, as a pattern of their first bytes, and what reads their size."""

    signature: bytes
    size: Callable[[BoundedFile], Size]


def refuse(reason: str) -> NoReturn:
    """Raise `DamagedHeaderError` with *reason*."""
    message = f"The image's header is damaged: {reason}."
    raise DamagedHeaderError(message)
