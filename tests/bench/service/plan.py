"""What a run was asked for."""

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

BrokerKind = Literal["apache", "embedded"]


@dataclass(frozen=True, slots=True)
class Plan:
    """One run; *work* is a folder for its pictures and outputs."""

    seed: int
    broker: BrokerKind
    minutes: float
    rounds: int
    work: Path

    def rng(self, scenario: str) -> Random:
        """Return the chance of one scenario, the same whichever others run."""
        return Random(f"{self.seed} {scenario}")  # noqa: S311 - nothing secret: it must repeat
