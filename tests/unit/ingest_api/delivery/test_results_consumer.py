"""What the results consumer takes for one batch."""

import asyncio
from datetime import UTC, datetime

import pytest

from common.ids import new_id
from common.kafka.headers import event_headers, to_kafka
from ingest_api.delivery.results_consumer import Commits, read_batch
from tests.doubles.kafka import Record, ScriptedConsumer


def a_result(event_type: str) -> Record:
    """Return a record with the headers that a processor gives it."""
    at = datetime(2026, 6, 1, tzinfo=UTC)
    headers = event_headers(
        event_id=new_id(), event_type=f"icecube.{event_type}", source="/test", subject=new_id(), at=at
    )
    return Record(b"{}", headers=to_kafka(headers))


async def test_a_start_is_applied_along_with_the_end_that_follows() -> None:
    """Nobody waits for a start: what ends within a moment is written once, not twice."""
    start, end, later = a_result("JobStarted"), a_result("JobSucceeded"), a_result("JobSucceeded")
    consumer = ScriptedConsumer([[start], [], [end], [later]])

    assert await read_batch(consumer) == [start, end]


@pytest.mark.parametrize("event_type", ["JobSucceeded", "JobFailed", "unknown"])
async def test_an_end_waits_for_what_was_sent_with_it_only(event_type: str) -> None:
    """Whatever may end a job is applied with what another partition brings at once, and waits for no more."""
    start, end, beside, later = (a_result(kind) for kind in ("JobStarted", event_type, "JobSucceeded", "JobSucceeded"))
    consumer = ScriptedConsumer([[start, end], [beside], [later]])

    assert await read_batch(consumer) == [start, end, beside]


async def test_a_start_that_nothing_follows_is_applied() -> None:
    """A long job is seen to be processing."""
    start = a_result("JobStarted")

    assert await read_batch(ScriptedConsumer([[start]])) == [start]


async def test_nothing_is_no_batch() -> None:
    """An idle topic gives an empty batch."""
    assert await read_batch(ScriptedConsumer([])) == []


async def test_the_first_batch_after_a_pause_is_committed_at_once() -> None:
    """A lone job leaves nothing behind that would be read again."""
    consumer = ScriptedConsumer([])

    await Commits(consumer, seconds=3600).after([a_result("JobSucceeded")])

    assert consumer.commits == 1


async def test_batches_that_follow_at_once_wait_for_a_common_commit() -> None:
    """A commit is a write on the broker: a stream of results makes few of them."""
    consumer = ScriptedConsumer([])
    commits = Commits(consumer, seconds=3600)
    await commits.after([a_result("JobSucceeded")])

    await commits.after([a_result("JobSucceeded")])

    assert consumer.commits == 1


async def test_what_waited_is_committed_when_it_is_time_though_nothing_more_comes() -> None:
    """The end of a stream is committed too."""
    consumer, moment = ScriptedConsumer([]), 0.05
    commits = Commits(consumer, seconds=moment)
    await commits.after([a_result("JobSucceeded")])
    await commits.after([a_result("JobSucceeded")])

    async with asyncio.timeout(60):
        while consumer.commits < 2:
            await commits.after([])
            await asyncio.sleep(moment)


async def test_an_idle_consumer_commits_nothing() -> None:
    """Nothing read, nothing written."""
    consumer = ScriptedConsumer([])

    await Commits(consumer, seconds=0).after([])

    assert consumer.commits == 0
