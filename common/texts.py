"""Texts from elsewhere, made harmless and short before anybody keeps, logs or sends them."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

_NOT_IN_CODES = re.compile(r"[^a-z0-9_]")


def printable(text: str, *, most: int) -> str:
    """Return the beginning of *text*, *most* characters of it, with what cannot be printed replaced.

    PostgreSQL takes no NUL, a header no line break, and a log line no 20 kB.
    """
    beginning = text[:most]
    if beginning.isprintable():
        return beginning
    return "".join(character if character.isprintable() else "?" for character in beginning)


def size_in_words(byte_size: int) -> str:
    """Return *byte_size* as people say it: 32 MB for 32 MiB as for 32 million bytes, with one decimal at most."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        if byte_size >= 1000**power:
            is_binary = byte_size % 1024**power == 0
            return f"{byte_size / (1024 if is_binary else 1000) ** power:.1f}".removesuffix(".0") + f" {unit}"
    return f"{byte_size} bytes"


def code_of(text: str) -> str:
    """Return *text* as programs and metrics take it: 64 of the characters that our codes have, one at least."""
    return _NOT_IN_CODES.sub("_", text[:64]) or "unknown"


# Cut, never refused: a job still ends, whatever its processor has to say. Nothing is compared by these but codes and
# engines, whose real values are far shorter.
Reason = Annotated[
    str,
    AfterValidator(lambda text: printable(text, most=2000)),
    WithJsonSchema({"type": "string", "maxLength": 2000}),
]
"""A sentence for people."""
Code = Annotated[str, AfterValidator(code_of), WithJsonSchema({"type": "string", "maxLength": 64})]
"""What programs tell failures apart by."""
Name = Annotated[
    str, AfterValidator(lambda text: printable(text, most=255)), WithJsonSchema({"type": "string", "maxLength": 255})
]
"""A name: of an image, or of an engine."""
