"""Measures one part of the work after the other."""

from time import perf_counter


class Stopwatch:
    """Runs from its making on."""

    def __init__(self) -> None:
        self._at = perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last lap."""
        began, self._at = self._at, perf_counter()
        return self._at - began
