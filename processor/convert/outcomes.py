"""The outcomes of one input of `icecube convert`."""

from dataclasses import dataclass
from pathlib import Path

from common.formats import ImageFormat


@dataclass(frozen=True, slots=True)
class Converted:
    """A conversion that succeeded; sizes in bytes. *output* is absent for standard output."""

    source: str
    output: Path | None
    format: ImageFormat
    width: int
    height: int
    bytes_before: int
    bytes_after: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """A conversion that left no file, and the reason in one line."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """An input that was skipped, because its result exists."""

    source: str
    output: Path


Outcome = Converted | Failed | Skipped
