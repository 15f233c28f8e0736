"""Collects what becomes of a job's tasks in one attempt, and tells of it: in between, and at the end."""

from collections.abc import Callable
from time import monotonic
from uuid import UUID

from common.events import JobFailed, JobProgressed, JobRequested, JobSucceeded, RequestedTask, TaskOutcome
from processor.jobs.failures import Failure
from processor.jobs.standing import StoredVariant

_COMPLETED, _FAILED = "completed", "failed"
_TELL_SECONDS = 1.0
"""How often progress is told: jobs that take less tell of their end only, which costs them nothing more."""


class Outcomes:
    """The outcomes of a job's tasks. A task may fail for good, or be left to the next attempt."""

    def __init__(self, job: JobRequested, engine: str, *, clock: Callable[[], float] = monotonic) -> None:
        self._job = job
        self._engine = engine
        self._clock = clock
        self._stored: dict[UUID, StoredVariant] = {}
        self._failures: dict[UUID, Failure] = {}
        self._untold: list[UUID] = []
        self._told_at = clock()

    @property
    def open_tasks(self) -> list[RequestedTask]:
        """The tasks of which nothing has become yet."""
        return [task for task in self._job.tasks if task.id not in self._stored.keys() | self._failures.keys()]

    def add(self, stored: StoredVariant) -> None:
        """Note that a task has its variant."""
        self._stored[stored.variant.task_id] = stored
        self._untold.append(stored.variant.task_id)

    def fail(self, task: RequestedTask, failure: Failure) -> None:
        """Note that a task has failed."""
        self._failures[task.id] = failure
        if not failure.retryable:
            self._untold.append(task.id)

    def take_progress(self) -> JobProgressed | None:
        """Return what has not been told yet, if the API wants it, it is time, and the end is still to come."""
        due = self._clock() - self._told_at >= _TELL_SECONDS
        if not (self._job.progress and due and self._untold and self.open_tasks):
            return None
        told, self._untold, self._told_at = self._untold, [], self._clock()
        tasks = tuple(self._outcome(task_id) for task_id in told)
        return JobProgressed(job_id=self._job.job_id, attempt=self._job.attempt, tasks=tasks, engine=self._engine)

    def closing(self) -> JobSucceeded | JobFailed:
        """Return the end of the attempt, with every outcome: progress may have been lost.

        A failure that may pass comes first: it asks for another attempt at what is missing.
        """
        if self._failures:
            return self._failed(min(self._failures.values(), key=lambda failure: not failure.retryable))
        stored = [self._stored[task.id] for task in self._job.tasks]
        return JobSucceeded(
            job_id=self._job.job_id,
            attempt=self._job.attempt,
            variants=tuple(one.variant for one in stored),
            engine=self._engine,
            reused=tuple(one.variant.id for one in stored if not one.is_ours),
        )

    def _failed(self, why: Failure) -> JobFailed:
        left = {task_id for task_id, failure in self._failures.items() if failure.retryable}
        ended = [self._outcome(task.id) for task in self._job.tasks if task.id not in left]
        return JobFailed(
            job_id=self._job.job_id,
            attempt=self._job.attempt,
            code=why.code,
            reason=why.reason,
            retryable=why.retryable,
            tasks=tuple(ended) if len(self._job.tasks) > 1 else (),  # of one task, all is said
            engine=self._engine,
        )

    def _outcome(self, task_id: UUID) -> TaskOutcome:
        if one := self._stored.get(task_id):
            return TaskOutcome(task_id=task_id, status=_COMPLETED, variant=one.variant, reused=not one.is_ours)
        failure = self._failures[task_id]
        return TaskOutcome(task_id=task_id, status=_FAILED, code=failure.code, reason=failure.reason)
