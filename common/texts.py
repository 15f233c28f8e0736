"""Makes foreign texts harmless and short before they are stored, logged or sent."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

_NOT_IN_CODES = re.compile(r"[^a-z0-9_]")


def printable(text: str, *, most: int) -> str:
    """Return at most *most* characters of *text*, with unprintable ones replaced.

    PostgreSQL accepts no NUL, a header no line break, and a log line should not be 20 kB long.
    """
    beginning = text[:most]
    if beginning.isprintable():
        return beginning
    return "".join(character if character.isprintable() else "?" for character in beginning)


def size_in_words(byte_size: int) -> str:
    """Return *byte_size* for people: 32 MB for 32 MiB and for 32 million bytes, with at most one decimal."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        if byte_size >= 1000**power:
            is_binary = byte_size % 1024**power == 0
            return f"{byte_size / (1024 if is_binary else 1000) ** power:.1f}".removesuffix(".0") + f" {unit}"
    return f"{byte_size} bytes"


def code_of(text: str) -> str:
    """Return *text* as a code for programs and metrics: 1 to 64 of the characters that our codes have."""
    return _NOT_IN_CODES.sub("_", text[:64]) or "unknown"


# Cut, never refused: a job must end, whatever its processor sends. Only codes and engines are compared, and their real
# values are far shorter.
Reason = Annotated[
    str,
    AfterValidator(lambda text: printable(text, most=2000)),
    WithJsonSchema({"type": "string", "maxLength": 2000}),
]
"""A sentence for people."""
Code = Annotated[str, AfterValidator(code_of), WithJsonSchema({"type": "string", "maxLength": 64})]
"""A failure's code, for programs."""
Name = Annotated[
    str, AfterValidator(lambda text: printable(text, most=255)), WithJsonSchema({"type": "string", "maxLength": 255})
]
"""The name of an image or an engine."""
