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


def _one(file: BoundedFile) -> int:  # noqa: ARG001 - the signature of those that look
    return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderReader:
    """The pattern of a format's first bytes, and the functions that read its size and count its frames."""

    signature: bytes
    size: Callable[[BoundedFile], Size]
    frames: Callable[[BoundedFile], int] = _one
    """How many frames the engine would decode together; of a file that ends early, those before."""


def refuse(reason: str) -> NoReturn:
    """Raise `DamagedHeaderError` with *reason*."""
    message = f"The image's header is damaged: {reason}."
    raise DamagedHeaderError(message)
