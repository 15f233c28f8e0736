"""Priorities of jobs: whether somebody waits for the result."""

from enum import StrEnum


class Priority(StrEnum):
    """Which jobs go first; the values are those of the API."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


def priority_of(stored: str | None) -> Priority:
    """Return a stored priority. One of a later release, or of a release that knew none, is the default."""
    return Priority.BULK if stored == Priority.BULK else Priority.INTERACTIVE
