"""What `icecube convert` cannot do, and why, in a line that any terminal can show.

`ConversionError` for what cannot be done as asked; below it, `ExistsError` for a result that is there already.
"""

from pathlib import Path


class ConversionError(Exception):
    """This cannot be converted as asked; the message says why in one line."""


class ExistsError(ConversionError):
    """The result exists already, at *path*, and is to be passed over."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{printable(str(path))}: exists already")
        self.path = path


def printable(text: str) -> str:
    """Return *text* with what a terminal would obey or cannot show written as escapes.

    File names are bytes: those that are no UTF-8 come as lone surrogates, and any may hold control characters.
    """
    decoded = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in decoded)


def explain(exc: Exception) -> str:
    """Return why *exc* stopped a conversion, as a sentence without the file's name."""
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    reason = getattr(exc, "reason", None)  # the engine's and the pool's errors say it for people
    if isinstance(reason, str) and not isinstance(exc, UnicodeError):
        return reason
    return f"could not be converted ({type(exc).__name__}: {exc})"
