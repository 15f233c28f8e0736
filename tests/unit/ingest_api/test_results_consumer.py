"""What the results consumer takes for one batch."""

from datetime import UTC, datetime

import pytest

from common.ids import new_id
from common.kafka.headers import event_headers, to_kafka
from ingest_api.results_consumer import read_batch
from tests.doubles.kafka import Record, ScriptedConsumer


def a_result(event_type: str) -> Record:
    """Return a record with the headers that a processor gives it."""
    at = datetime(2026, 6, 1, tzinfo=UTC)
    headers = event_headers(event_id=new_id(), event_type=event_type, source="/test", subject=new_id(), at=at)
    return Record(b"{}", headers=to_kafka(headers))


async def test_a_start_is_applied_along_with_the_end_that_follows() -> None:
    """Nobody waits for a start: what ends within a moment is written once, not twice."""
    start, end, later = a_result("JobStarted"), a_result("JobSucceeded"), a_result("JobSucceeded")
    consumer = ScriptedConsumer([[start], [end], [later]])

    assert await read_batch(consumer) == [start, end]


@pytest.mark.parametrize("event_type", ["JobSucceeded", "JobFailed", "unknown"])
async def test_an_end_waits_for_nothing(event_type: str) -> None:
    """Whatever may end a job is applied at once, starts beside it or not."""
    start, end, later = a_result("JobStarted"), a_result(event_type), a_result("JobSucceeded")
    consumer = ScriptedConsumer([[start, end], [later]])

    assert await read_batch(consumer) == [start, end]


async def test_a_start_that_nothing_follows_is_applied() -> None:
    """A long job is seen to be processing."""
    start = a_result("JobStarted")

    assert await read_batch(ScriptedConsumer([[start]])) == [start]


async def test_nothing_is_no_batch() -> None:
    """An idle topic gives an empty batch."""
    assert await read_batch(ScriptedConsumer([])) == []
