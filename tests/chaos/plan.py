"""What a run is: its seed, its length, and what it runs on."""

from collections.abc import Collection
from dataclasses import dataclass

SECONDS_PER_FAULT = 2.6


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run."""

    seed: int
    seconds: float
    kafka: str = "apache"
    store: str = "disk"
    partitions: int = 12
    jobs_per_second: float = 5.0
    only: Collection[str] = ()
    seconds_per_fault: float = SECONDS_PER_FAULT
