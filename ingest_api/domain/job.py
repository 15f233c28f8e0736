"""The life of a job as plain values: its states, and what leads from one to the next.

Imports only the standard library, and the failure codes, which do the same. Times and random values are arguments.
Keeps the protocol's rules "first end wins" and "a task's first end wins" (ARCHITECTURE.md).
Keeps the protocol's rules "sequence" and "start counted once" (ARCHITECTURE.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from common.failure_codes import FailureCode


class JobState(StrEnum):
    """The state of a job; its values are those of the API."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


NEXT_STATES: dict[JobState, frozenset[JobState]] = {
    JobState.PENDING: frozenset(JobState),
    JobState.PROCESSING: frozenset(JobState),
    JobState.COMPLETED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}
"""The truth about transitions of the states that this release knows.

`pending -> pending` is another attempt whose start was never heard of.
"""

_FOLLOWING: Mapping[str, frozenset[JobState]] = {state.value: following for state, following in NEXT_STATES.items()}


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """How one task ended; in rows and on the wire the status is text, as a later release may know more."""

    status: JobState | str
    code: str | None = None
    reason: str | None = None

    @property
    def is_made(self) -> bool:
        """Whether the task has its variant."""
        return self.status == JobState.COMPLETED


MADE = TaskEnd(JobState.COMPLETED)


class End(StrEnum):
    """How a job ended."""

    COMPLETED = "completed"
    REFUSED = "refused"
    """It can never be done, and no repair changes that."""
    GIVEN_UP = "given_up"
    """It may succeed after a repair."""
    CANCELLED = "cancelled"
    """Somebody asked for its end."""


DEAD_LETTERED = frozenset({End.GIVEN_UP})
"""The ends that leave a dead letter, which an operator may replay."""


class IllegalTransitionError(Exception):
    """The table has no such transition."""

    def __init__(self, job_id: UUID, state: JobState | str, wanted: JobState) -> None:
        super().__init__(f"job {job_id} cannot go from {state} to {wanted}")
        self.job_id, self.state, self.wanted = job_id, state, wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often an attempt may fail or be lost, and how long to wait before the next."""

    attempts: int
    starts: int
    base_seconds: float
    max_seconds: float
    waits: Mapping[str, float] = field(default_factory=dict)
    """How many seconds to wait, whichever attempt it was, after failures of these codes."""

    def delay(self, *, failed_attempt: int, code: str, jitter: float) -> timedelta:
        """Return the wait after *failed_attempt*: exponential, and spread by *jitter* from 0 to 1 over its half.

        "Equal jitter" of Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
        """
        # The exponent is capped so that an absurd attempt cannot overflow a float.
        grown = min(self.max_seconds, self.base_seconds * 2.0 ** min(failed_attempt - 1, 64))
        full = self.waits.get(code, grown)
        return timedelta(seconds=full * (0.5 + jitter / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job between two events. Every method returns the job after the event, or itself if nothing changes."""

    id: UUID
    state: JobState | str = JobState.PENDING
    """Text for a state of a later release, which this one treats as `processing`."""
    attempt: int = 1
    starts: int = 0
    counted_starts: tuple[UUID, ...] = ()
    """The ids of the counted starts, if they have one: Kafka may deliver a start again."""
    code: str | None = None
    reason: str | None = None
    due_at: datetime | None = None
    task_ends: Mapping[UUID, TaskEnd] = field(default_factory=dict)
    """How tasks ended, by their ids: those that ended before the job, and all that failed."""
    started_at: datetime | None = None
    """When its first start was reported, of whichever attempt."""
    sequence: int = 0
    """Grows with every change: of two events of a job, the one with the higher sequence is the later."""
    ended_at: datetime | None = None
    """When it ended. In every release this alone means that no event can change it any more."""
    end: End | None = field(default=None, compare=False)
    """How the last event ended it; not stored."""

    @property
    def has_ended(self) -> bool:
        """Whether no event can change the job any more."""
        return self.ended_at is not None

    @property
    def is_dead_lettered(self) -> bool:
        """Whether the last event ended it in a way that leaves a dead letter."""
        return self.end in DEAD_LETTERED

    def end_of(self, task_id: UUID) -> TaskEnd | None:
        """Return how a task of the job ended; None while it is open."""
        if end := self.task_ends.get(task_id):
            return end
        return TaskEnd(self.state, self.code, self.reason) if self.has_ended else None

    def move_to(self, state: JobState) -> "Job":
        """Return the job in *state*, or raise `IllegalTransitionError`."""
        following = _FOLLOWING.get(self.state, NEXT_STATES[JobState.PROCESSING])
        if self.has_ended or state not in following:
            raise IllegalTransitionError(self.id, self.state, state)
        return replace(self, state=state, sequence=self.sequence + 1)

    def started(
        self, *, attempt: int, start_id: UUID | None, policy: RetryPolicy, at: datetime, tasks: Sequence[UUID] = ()
    ) -> "Job":
        """Apply that a processor started *attempt*. After one start too many, the job fails: it kills its processors.

        A start is counted once, however often it is delivered; a start without an id is counted each time. *tasks* are
        the ids of all the job's tasks, here and below: those that are open fail with the job.
        """
        if self._is_stale(attempt) or start_id in self.counted_starts:
            return self
        if self.starts >= policy.starts:
            reason = f"Processing stopped {self.starts} processors before it could end."
            return self._failed(End.GIVEN_UP, TaskEnd(JobState.FAILED, FailureCode.PROCESSOR_LOST, reason), tasks, at)
        counted = self._counted_with(start_id, most=policy.starts)
        started = self.move_to(JobState.PROCESSING)
        return replace(
            started,
            starts=self.starts + 1,
            counted_starts=counted,
            due_at=None,
            started_at=self.started_at or at,
        )

    def tasks_ended(self, ends: Mapping[UUID, TaskEnd], *, tasks: Sequence[UUID], at: datetime) -> "Job":
        """Apply that some of *tasks*, which are all of the job's, ended; with the last of them, the job ends.

        The first end of a task wins. A variant counts from any attempt: the work is the same.
        """
        new = {task: end for task, end in ends.items() if task in tasks and task not in self.task_ends}
        if self.has_ended or not new:
            return self
        told = replace(self, task_ends={**self.task_ends, **new}, sequence=self.sequence + 1)
        if any(task not in told.task_ends for task in tasks):
            return told
        failed = next((end for end in map(told.task_ends.__getitem__, tasks) if not end.is_made), None)
        # What failed for good needs no repair.
        return told._failed(End.REFUSED, failed, tasks, at) if failed else told.succeeded(at=at)  # noqa: SLF001 - our own

    def succeeded(self, *, at: datetime) -> "Job":
        """Apply that all variants are stored."""
        return self if self.has_ended else self._end(JobState.COMPLETED, End.COMPLETED, at=at)

    def cancelled(self, *, at: datetime) -> "Job":
        """Apply that somebody cancels the job; raise `IllegalTransitionError` if it has ended."""
        return self._end(JobState.CANCELLED, End.CANCELLED, at=at)

    def given_up(self, *, code: str, reason: str, at: datetime, tasks: Sequence[UUID] = ()) -> "Job":
        """Apply that no attempt is possible: the job ends."""
        end = TaskEnd(JobState.FAILED, code, reason)
        return self if self.has_ended else self._failed(End.GIVEN_UP, end, tasks, at)

    def attempt_failed(  # noqa: PLR0913 - a failure is all of these, and they are named at every call
        self,
        *,
        attempt: int,
        code: str,
        reason: str,
        retryable: bool,
        policy: RetryPolicy,
        jitter: float,
        at: datetime,
        tasks: Sequence[UUID] = (),
    ) -> "Job":
        """Apply that *attempt* ended without all variants: try again later, or end."""
        if self._is_stale(attempt):
            return self
        end = TaskEnd(JobState.FAILED, code, reason)
        if not retryable:
            return self._failed(End.REFUSED, end, tasks, at)
        if attempt >= policy.attempts:
            return self._failed(End.GIVEN_UP, end, tasks, at)
        due_at = at + policy.delay(failed_attempt=attempt, code=code, jitter=jitter)
        return replace(self.move_to(JobState.PENDING), attempt=attempt + 1, starts=0, counted_starts=(), due_at=due_at)

    def _counted_with(self, start_id: UUID | None, *, most: int) -> tuple[UUID, ...]:
        # An API of the previous release starts an attempt without clearing those of the last: hence the bound.
        return (*self.counted_starts, start_id)[-most:] if start_id else self.counted_starts

    def is_current(self, attempt: int) -> bool:
        """Whether what ended *attempt* may change the job."""
        return not self._is_stale(attempt)

    def _is_stale(self, attempt: int) -> bool:
        return self.has_ended or attempt != self.attempt

    def _failed(self, end: End, why: TaskEnd, tasks: Sequence[UUID], at: datetime) -> "Job":
        """Fail the open ones of *tasks*, and with them the job, for the reason of the first that failed."""
        ends = dict.fromkeys(tasks, why) | dict(self.task_ends)
        first = next((one for one in ends.values() if not one.is_made), why)
        failed = self._end(JobState.FAILED, end, at=at)
        return replace(failed, code=first.code or why.code, reason=first.reason or why.reason, task_ends=ends)

    def _end(self, state: JobState, end: End, *, at: datetime) -> "Job":
        ended = self.move_to(state)
        return replace(ended, end=end, counted_starts=(), ended_at=at, due_at=None, code=None, reason=None)
