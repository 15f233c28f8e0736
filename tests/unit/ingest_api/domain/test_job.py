"""The life of a job."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.ids import new_id
from ingest_api.domain.job import MADE, NEXT_STATES, IllegalTransitionError, Job, JobState, TaskEnd
from tests.factories.jobs import NOON, a_job, a_policy

POLICY = a_policy()


def started(job: Job, attempt: int) -> Job:
    """A processor took it in hand."""
    return job.started(attempt=attempt, start_id=new_id(), policy=POLICY, at=NOON, tasks=TASKS)


def succeeded(job: Job, _: int) -> Job:
    """Its variants are stored."""
    return job.succeeded(at=NOON)


def failed_for_now(job: Job, attempt: int) -> Job:
    """It failed, and may be tried again."""
    return _failed(job, attempt, retryable=True)


def failed_for_good(job: Job, attempt: int) -> Job:
    """It failed, and always will."""
    return _failed(job, attempt, retryable=False)


TASKS = tuple(new_id() for _ in range(3))


def cancelled(job: Job, _: int) -> Job:
    """Somebody cancels it, unless it has ended."""
    return job if job.has_ended else job.cancelled(at=NOON)


def given_up(job: Job, _: int) -> Job:
    """Its request is refused by Kafka."""
    return job.given_up(code="given_up", reason="r", at=NOON, tasks=TASKS)


def _task_made(place: int) -> Callable[[Job, int], Job]:
    return lambda job, _: job.tasks_ended({TASKS[place]: MADE}, tasks=TASKS, at=NOON)


def _task_failed(place: int) -> Callable[[Job, int], Job]:
    end = TaskEnd(JobState.FAILED, f"code{place}", f"Reason {place}.")
    return lambda job, _: job.tasks_ended({TASKS[place]: end}, tasks=TASKS, at=NOON)


TASK_EVENTS = [make(place) for make in (_task_made, _task_failed) for place in range(len(TASKS))]


def _failed(job: Job, attempt: int, *, retryable: bool) -> Job:
    return job.attempt_failed(
        attempt=attempt, code="c", reason="r", retryable=retryable, policy=POLICY, jitter=0.5, at=NOON, tasks=TASKS
    )


EVENTS = st.lists(
    st.tuples(
        st.sampled_from([started, failed_for_now, failed_for_good, cancelled, given_up, *TASK_EVENTS]),
        st.integers(1, 4),
    ),
    max_size=30,
)


@pytest.mark.parametrize("before", JobState)
@pytest.mark.parametrize("after", JobState)
def test_only_the_table_s_transitions_are_possible(before: JobState, after: JobState) -> None:
    """A job moves where the table says, and raises where it does not."""
    job = a_job(state=before)

    if after in NEXT_STATES[before]:
        assert job.move_to(after).state is after
    else:
        with pytest.raises(IllegalTransitionError) as raised:
            job.move_to(after)
        assert raised.value.job_id == job.id


@given(EVENTS)
def test_any_events_leave_a_legal_job(events: list[tuple[Callable[[Job, int], Job], int]]) -> None:
    """Whatever comes, in any order and any number of times, the job's fields fit together."""
    job = a_job()

    for event, attempt in events:
        job = event(job, attempt)

        assert 1 <= job.attempt <= POLICY.attempts
        assert 0 <= len(job.counted_starts) <= job.starts <= POLICY.starts
        assert (job.ended_at is not None) == job.has_ended
        assert (job.reason is not None) == (job.code is not None) == (job.state is JobState.FAILED)
        assert (job.state is JobState.COMPLETED) == all(
            (end := job.end_of(task)) is not None and end.is_made for task in TASKS
        )
        assert job.has_ended == all(job.end_of(task) is not None for task in TASKS)
        if job.state is JobState.FAILED:
            first = next(end for end in map(job.end_of, TASKS) if end and not end.is_made)
            assert (job.code, job.reason) == (first.code, first.reason)
        assert job.due_at is None or job.state is JobState.PENDING


@given(EVENTS)
def test_the_first_terminal_result_stands(events: list[tuple[Callable[[Job, int], Job], int]]) -> None:
    """Once ended, a job is the very same after any further event."""
    job = a_job()

    for event, attempt in events:
        after = event(job, attempt)
        if job.has_ended:
            assert after is job
        job = after


@given(EVENTS)
def test_the_first_end_of_a_task_stands(events: list[tuple[Callable[[Job, int], Job], int]]) -> None:
    """Once a task has ended, nothing changes how, whatever comes and in which order."""
    job = a_job()

    for event, attempt in events:
        after = event(job, attempt)
        for task in TASKS:
            assert job.end_of(task) is None or after.end_of(task) == job.end_of(task)
        job = after


@given(EVENTS)
def test_what_is_told_twice_counts_once(events: list[tuple[Callable[[Job, int], Job], int]]) -> None:
    """Any event but a start, which has an id to tell, may come again at once and changes nothing."""
    job = a_job()

    for event, attempt in events:
        job = event(job, attempt)
        if event is not started:
            assert event(job, attempt) == job


@given(EVENTS)
def test_the_sequence_grows_with_every_change(events: list[tuple[Callable[[Job, int], Job], int]]) -> None:
    """And only then: so the end of a job has its highest."""
    job = a_job()

    for event, attempt in events:
        after = event(job, attempt)
        assert after is job or after.sequence > job.sequence
        job = after


@given(st.permutations(range(3)), st.sets(st.integers(0, 2)))
def test_a_job_ends_with_its_last_task(order: list[int], failing: set[int]) -> None:
    """Completed if all are made, else failed for the first reason in the order of the tasks, not of time."""
    job = a_job()

    for place in order:
        assert not job.has_ended
        job = (_task_failed(place) if place in failing else _task_made(place))(job, 1)

    assert job.ended_at == NOON
    assert job.state is (JobState.FAILED if failing else JobState.COMPLETED)
    assert job.code == (f"code{min(failing)}" if failing else None)
    assert not job.is_dead_lettered


def test_a_task_told_of_twice_is_one_task() -> None:
    """Ends are a set: a job is not completed because one of its tasks was reported as often as it has tasks."""
    job = a_job()

    for _ in TASKS:
        job = _task_made(0)(job, 1)

    assert not job.has_ended


def test_open_tasks_fail_with_their_job() -> None:
    """What was made is kept; the job's reason is that of the first that failed."""
    job = failed_for_good(_task_made(0)(a_job(), 1), 1)

    assert [job.end_of(task) for task in TASKS] == [MADE, *[TaskEnd(JobState.FAILED, "c", "r")] * 2]
    assert (job.state, job.code, job.reason) == (JobState.FAILED, "c", "r")


def test_a_cancelled_jobs_open_tasks_are_cancelled() -> None:
    """What was made is kept."""
    job = cancelled(_task_made(1)(a_job(), 1), 1)

    assert [job.end_of(task) for task in TASKS] == [TaskEnd("cancelled"), MADE, TaskEnd("cancelled")]


@pytest.mark.parametrize("state", [JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED])
def test_an_ended_job_cannot_be_cancelled(state: JobState) -> None:
    """Whoever asks is told, and not that it worked."""
    with pytest.raises(IllegalTransitionError):
        a_job(state=state, ended_at=NOON).cancelled(at=NOON)


def test_the_first_start_is_kept() -> None:
    """Later attempts have begun later; the job has not."""
    job = started(a_job(), 1)
    later = NOON + timedelta(hours=1)

    again = failed_for_now(job, 1).started(attempt=2, start_id=new_id(), policy=POLICY, at=later)

    assert (job.started_at, again.started_at) == (NOON, NOON)


def test_a_success_counts_from_any_attempt() -> None:
    """A late success of an earlier attempt ends the job: its variants are stored."""
    job = failed_for_now(a_job(), 1)

    ended = succeeded(job, 1)

    assert ended.state is JobState.COMPLETED


def test_a_retryable_failure_waits_for_its_next_attempt() -> None:
    """The next attempt is due later, and begins with no starts."""
    job = failed_for_now(started(a_job(), 1), 1)

    assert job.state is JobState.PENDING
    assert (job.attempt, job.starts) == (2, 0)
    assert job.due_at == NOON + timedelta(seconds=1.5)


def test_the_last_attempt_s_failure_is_final() -> None:
    """With the attempts used up, a retryable failure ends the job with its reason."""
    job = failed_for_now(a_job(attempt=3), 3)

    assert job.state is JobState.FAILED
    assert (job.code, job.reason) == ("c", "r")


def test_a_failure_of_an_earlier_attempt_is_stale() -> None:
    """A failure that comes late, or twice, does not count against the attempt now under way."""
    job = a_job(attempt=2)

    assert failed_for_good(job, 1) is job


def test_a_job_that_kills_its_processors_is_given_up() -> None:
    """One start more than the limit, without any outcome in between, ends the job."""
    job = a_job()

    for _ in range(POLICY.starts):
        job = started(job, 1)
    assert job.state is JobState.PROCESSING
    job = started(job, 1)

    assert job.state is JobState.FAILED
    assert job.code == "processor_lost"


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 2), (2, 4), (3, 8), (9, 300), (10_000, 300)])
def test_delays_double_up_to_the_longest(attempt: int, seconds: float) -> None:
    """The delay doubles with each failed attempt and is spread over its upper half."""
    assert POLICY.delay(failed_attempt=attempt, code="c", jitter=1) == timedelta(seconds=seconds)
    assert POLICY.delay(failed_attempt=attempt, code="c", jitter=0) == timedelta(seconds=seconds / 2)


def test_a_code_may_have_a_wait_of_its_own() -> None:
    """What only an upgrade can cure is waited for as long each time, whatever the delays of other failures are."""
    policy = a_policy(waits={"unsupported_option": 900})
    job = a_job().attempt_failed(
        attempt=1, code="unsupported_option", reason="r", retryable=True, policy=policy, jitter=0.5, at=NOON
    )

    assert [policy.delay(failed_attempt=attempt, code="unsupported_option", jitter=1) for attempt in (1, 2)] == [
        timedelta(seconds=900)
    ] * 2
    assert job.due_at == NOON + timedelta(seconds=675)


def test_a_start_is_counted_once() -> None:
    """However often Kafka delivers a start, it is one; another start of the same attempt is another."""
    first, second = new_id(), new_id()
    job = a_job()

    for start_id in (first, first, second, first, second):
        job = job.started(attempt=1, start_id=start_id, policy=POLICY, at=NOON)

    assert (job.starts, job.counted_starts) == (2, (first, second))


def test_a_start_without_an_id_is_counted_each_time() -> None:
    """A processor of the release before sends none; its starts still tell of a job that kills it."""
    job = a_job()

    for _ in range(2):
        job = job.started(attempt=1, start_id=None, policy=POLICY, at=NOON)

    assert (job.starts, job.counted_starts) == (2, ())


def test_counted_starts_are_those_of_the_attempt() -> None:
    """The next attempt begins to count anew, and an ended job keeps none."""
    job = started(a_job(), 1)

    assert failed_for_now(job, 1).counted_starts == ()
    assert succeeded(job, 1).counted_starts == ()


def test_counted_starts_are_bounded() -> None:
    """An API of the release before takes a job to its next attempt without forgetting the starts of the last."""
    left_behind = tuple(new_id() for _ in range(POLICY.starts))
    start_id = new_id()

    job = a_job(attempt=2, counted_starts=left_behind).started(attempt=2, start_id=start_id, policy=POLICY, at=NOON)

    assert (job.starts, job.counted_starts) == (1, (*left_behind[1:], start_id))
