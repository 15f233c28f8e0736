"""The life of a job."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.ids import new_id
from ingest_api.domain.job import NEXT_STATES, IllegalTransitionError, Job, JobState
from tests.factories.jobs import NOON, a_job, a_policy

POLICY = a_policy()


def started(job: Job, attempt: int) -> Job:
    """A processor took it in hand."""
    return job.started(attempt=attempt, start_id=new_id(), policy=POLICY, at=NOON)


def succeeded(job: Job, _: int) -> Job:
    """Its variants are stored."""
    return job.succeeded(at=NOON)


def failed_for_now(job: Job, attempt: int) -> Job:
    """It failed, and may be tried again."""
    return _failed(job, attempt, retryable=True)


def failed_for_good(job: Job, attempt: int) -> Job:
    """It failed, and always will."""
    return _failed(job, attempt, retryable=False)


def _failed(job: Job, attempt: int, *, retryable: bool) -> Job:
    return job.attempt_failed(
        attempt=attempt, code="c", reason="r", retryable=retryable, policy=POLICY, jitter=0.5, at=NOON
    )


EVENTS = st.lists(
    st.tuples(st.sampled_from([started, succeeded, failed_for_now, failed_for_good]), st.integers(1, 4)), max_size=30
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
        assert (job.reason is not None) == (job.state is JobState.FAILED)
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
