"""The errors of `icecube convert`, each in a line that any terminal can show.

`ConversionError` for what cannot be done as asked; below it, `ExistsError` for a result that is there already.
"""

from pathlib import Path


class ConversionError(Exception):
    """The input cannot be converted as requested; the message says why in one line."""


class ExistsError(ConversionError):
    """The result already exists at *path*, and is skipped."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{printable(str(path))}: exists already")
        self.path = path


def printable(text: str) -> str:
    """Return *text* with control and unprintable characters escaped.

    File names are bytes: invalid UTF-8 becomes lone surrogates, and any name may hold control characters.
    """
    decoded = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in decoded)


def explain(exc: Exception) -> str:
    """Return why *exc* stopped a conversion, as a sentence without the file's name."""
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    reason = getattr(exc, "reason", None)  # the reason in the engine's and the pool's errors is for people
    if isinstance(reason, str) and not isinstance(exc, UnicodeError):
        return reason
    return f"could not be converted ({type(exc).__name__}: {exc})"
