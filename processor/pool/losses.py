"""How a job can lose its image process.

Exception
├── WorkerLostError           the child at work is gone; the same job may be tried once more
├── EngineFailedError         the engine failed in a way it should not: a defect of ours
├── JobNotTakenError          inside the pool: the child died, or stood still, before it took the job
├── ConnectionLostError       inside the pool: the child at work has gone
└── BadAnswerError            inside the pool: the child said what no child of ours says
"""

from enum import StrEnum
from typing import Self

from common.failure_codes import FailureCode


class Loss(StrEnum):
    """The stable codes of how a child was lost."""

    TIME_LIMIT = FailureCode.TIME_LIMIT
    OUT_OF_MEMORY = FailureCode.OUT_OF_MEMORY
    WORKER_CRASHED = FailureCode.WORKER_CRASHED


class WorkerLostError(Exception):
    """The child at work crashed, ran out of time or of memory; the same job may be tried once more."""

    def __init__(self, code: Loss, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class EngineFailedError(Exception):
    """The engine failed in a way it should not; the message is one line, a note has the child's traceback."""

    @classmethod
    def told_by(cls, trace: str) -> Self:
        """Return the error that a child's *trace* tells of, whatever characters it sent."""
        lines = ["".join(filter(str.isprintable, line)) for line in trace.splitlines()]
        error = cls(next((line for line in reversed(lines) if line.strip()), "an image process failed"))
        error.add_note("\n".join(lines))
        return error


class JobNotTakenError(Exception):
    """The child has died, or stands still, and has not begun the job."""


class ConnectionLostError(Exception):
    """The child has closed its end: it has died, or was killed."""


class BadAnswerError(Exception):
    """The child has answered what it must not: something has taken it over, or its code has a defect."""
