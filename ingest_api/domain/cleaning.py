"""What is to be removed from the blob store after an end, and in which steps."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Cleaned(StrEnum):
    """What a cleaning is about. In rows it is text: a later release may clean more, and this one leaves that alone."""

    JOB = "job"
    """The variants of a job that ended without all of them."""
    ORIGINAL = "original"
    """The bytes of a deleted original, and of what was made from it."""
    VARIANT = "variant"
    """The bytes of a deleted variant; then those of its job, which Kafka may have made again."""


class Phase(StrEnum):
    """The step of a cleaning to be done next. Doing one again, after a crash or at once with another, is harmless."""

    MARK = "mark"
    """Write the stop mark: no processor begins the job, or stores its variants, any more."""
    SWEEP = "sweep"
    """Remove what was stored without being reported."""
    SWEEP_AGAIN = "sweep_again"
    """Remove what was stored meanwhile, by a processor that had looked for the mark before it stood."""
    FORGET = "forget"
    """Remove the stop mark, and the cleaning's row."""


@dataclass(frozen=True, slots=True)
class Cleaning:
    """A step that is due."""

    what: Cleaned
    id: UUID
    """Of the job or the image."""
    phase: Phase
