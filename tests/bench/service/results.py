"""What a scenario found: figures against what was wanted, tables and charts, as plain values that are kept as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure beside what was wanted of it."""

    what: str
    reached: float
    wanted: float
    unit: str = ""
    bound: Literal["at least", "at most"] = "at least"

    @property
    def share(self) -> float:
        """How much of what was wanted is reached: 1 or more is all of it."""
        above, below = (self.reached, self.wanted) if self.bound == "at least" else (self.wanted, self.reached)
        return above / below if below else float("inf")

    @property
    def is_met(self) -> bool:
        """Say whether what was wanted is reached."""
        return self.share >= 1


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; the first column is words, the others are figures."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: lines over seconds, or spans one after another, by the name of the series."""

    kind: Literal["lines", "waterfall"]
    label: str
    series: Mapping[str, Sequence[tuple[float | str, float]]]


@dataclass(frozen=True, slots=True)
class Section:
    """One scenario's part of the report."""

    title: str
    verdicts: Sequence[Verdict]
    tables: Sequence[Table]
    charts: Sequence[Chart] = ()
    circumstances: dict[str, str] = field(default_factory=dict)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of *values* that at least *share* of them do not exceed."""
    return float(np.percentile(values, 100 * share, method="inverted_cdf"))
