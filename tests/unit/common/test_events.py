"""What is read from Kafka, bounded before anybody keeps it."""

import json
from typing import Any

import pytest

from common.events import JobFailed, JobRequested, UnreadableEventError, decode, encode
from common.ids import new_id
from tests.factories.jobs import a_request, a_reusable_variant, a_task

FAILED = {"type": "JobFailed", "version": 1, "jobId": str(new_id()), "attempt": 1, "retryable": False}


def a_failure(**members: Any) -> JobFailed:
    """Return the failure that a processor, or a stranger, tells of with *members*."""
    event = decode(json.dumps(FAILED | {"code": "c", "reason": "It broke."} | members).encode())
    assert isinstance(event, JobFailed)
    return event


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("It broke.", "It broke."),
        ("A" * 1_000_000, "A" * 2000),
        ("Grüße, 世界", "Grüße, 世界"),
        ("one\x00two\nthree", "one?two?three"),
        ("", ""),
    ],
)
def test_a_reason_is_cut_and_printable(reason: str, kept: str) -> None:
    """Too long a reason is no reason to leave the job open; a NUL is one that no database column takes."""
    assert a_failure(reason=reason).reason == kept


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("time_limit", "time_limit"),
        ("a" * 70_000, "a" * 64),
        ("<script>", "_script_"),
        ("Über\x00", "_ber_"),
        ("", "unknown"),
    ],
)
def test_a_code_is_one_that_programs_take(code: str, kept: str) -> None:
    """Codes are labels of metrics and members of answers: short, and of few characters."""
    assert a_failure(code=code).code == kept


def test_names_and_engines_are_cut() -> None:
    """No text of an event is as long as its record may be."""
    task = a_task().model_copy(update={"reusable": a_reusable_variant(engine="e" * 9000)})
    job = a_request(tasks=(task,))
    job = job.model_copy(update={"original": job.original.model_copy(update={"name": "n" * 9000})})

    read = decode(encode(job))

    assert isinstance(read, JobRequested)
    assert read.original.name == "n" * 255
    assert read.tasks[0].reusable
    assert read.tasks[0].reusable.engine == "e" * 255


@pytest.mark.parametrize("attempt", [0, -1, 2**31, 10**18, 10**400])
def test_an_attempt_is_a_number_that_can_be_kept(attempt: int) -> None:
    """No job has had that many: it is no event of ours."""
    with pytest.raises(UnreadableEventError, match="attempt"):
        a_failure(attempt=attempt)


@pytest.mark.parametrize("number", [-1, 2**63, 10**400], ids=["negative", "large", "huge"])
@pytest.mark.parametrize("member", ["width", "height", "byteSize"])
def test_a_size_is_a_number_that_can_be_counted(member: str, number: int) -> None:
    """Else a finished request fails where its bytes are counted, is never acknowledged, and blocks its partition."""
    request = json.loads(encode(a_request()))
    request["original"][member] = number

    with pytest.raises(UnreadableEventError):
        decode(json.dumps(request).encode())


def test_a_request_asks_for_something() -> None:
    """Without a task nobody would look at the original, and whatever is said of it would be counted."""
    request = json.loads(encode(a_request())) | {"tasks": []}

    with pytest.raises(UnreadableEventError):
        decode(json.dumps(request).encode())
