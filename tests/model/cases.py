"""The cases of `cases.txt`: a model, its switches, and the verdict that it must have."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

FOLDER = Path(__file__).parent
_SLOW = "slow"


class Verdict(StrEnum):
    """What the checker is asked for, and finds."""

    HOLDS = "HOLDS"
    """No state breaks an assertion."""
    BROKEN = "BROKEN"
    """Some state breaks an assertion."""
    ENDS = "ENDS"
    """No run goes on for ever."""


@dataclass(frozen=True, slots=True)
class Case:
    """A configuration of a model, and what the checker must find."""

    expected: Verdict
    model: str
    switches: tuple[str, ...]
    is_slow: bool

    def __str__(self) -> str:
        return " ".join((self.expected, self.model, *self.switches))


def cases() -> list[Case]:
    """Return the cases in the order of the file."""
    return list(_cases_in((FOLDER / "cases.txt").read_text("utf-8")))


def _cases_in(text: str) -> Iterator[Case]:
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words:
            expected, model, *rest = words
            switches = tuple(word for word in rest if word != _SLOW)
            yield Case(Verdict(expected), model, switches, is_slow=_SLOW in rest)
