"""The pool's queue: interactive jobs first, and bulk jobs in between, so that neither waits for ever."""

from collections import deque
from enum import Enum, auto
from threading import Condition

from processor.pool.jobs import Job

_PASSED_MOST = 7
"""How many interactive jobs go before a bulk job that waits: one in eight is then a bulk job."""


class Lane(Enum):
    """Which jobs go first."""

    INTERACTIVE = auto()
    BULK = auto()


class JobQueue:
    """Gives each image process its next job; to be used by any thread.

    An interactive job waits for the jobs that image processes work on, for those before it in its lane, and for a bulk
    job only after `_PASSED_MOST` of its own have gone before that one.
    """

    def __init__(self) -> None:
        self._waiting: dict[Lane, deque[Job]] = {lane: deque() for lane in Lane}
        self._passed = 0
        self._is_closed = False
        self._changed = Condition()

    def put(self, job: Job, lane: Lane) -> None:
        """Add *job* at the end of its lane."""
        with self._changed:
            self._waiting[lane].append(job)
            self._changed.notify()

    def get(self) -> Job | None:
        """Wait for a job and return it; None once the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or any(self._waiting.values()))
            return None if self._is_closed else self._next()

    def close(self) -> None:
        """Let everybody who waits go. What is still in the queue stays there."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _next(self) -> Job:
        interactive, bulk = self._waiting[Lane.INTERACTIVE], self._waiting[Lane.BULK]
        if bulk and (not interactive or self._passed >= _PASSED_MOST):
            self._passed = 0
            return bulk.popleft()
        self._passed = self._passed + 1 if bulk else 0
        return interactive.popleft()
