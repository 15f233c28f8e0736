"""A processor of this release reads what the next one sends."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from common.blob_store.disk import open_disk_store
from common.events import JobFailed, JobStarted, JobSucceeded, decode
from common.kafka.headers import from_kafka
from common.settings.groups import KafkaSettings
from processor.jobs.handler import JobHandler
from processor.jobs.linger import Linger
from processor.jobs.reports import Reports
from processor.services import Services
from processor.stream.agent import handle
from tests.doubles.images import ScriptedPool
from tests.doubles.kafka import Record, RecordingProducer
from tests.factories.jobs import NOON
from tests.integration.next_release.written_later import OPTIONS, encoded, written, written_with_options


@pytest.fixture
def producer() -> RecordingProducer:
    """Return what takes the reports."""
    return RecordingProducer()


@pytest_asyncio.fixture
async def services(producer: RecordingProducer, tmp_path: Path) -> AsyncIterator[Services]:
    """Yield what the agent uses."""
    async with open_disk_store(tmp_path / "images") as blobs:
        reports = Reports(producer, KafkaSettings(), lambda: NOON, Linger(lambda: False))
        yield Services(JobHandler(blobs, ScriptedPool()), reports)


async def deliver(event: dict[str, Any], services: Services, folder: Path) -> None:
    """Deliver *event*, whose original is stored."""
    source = folder / "original"
    source.write_bytes(b"original")
    await services.handler.blobs.put_file(UUID(event["original"]["id"]), source)
    await handle(SimpleNamespace(message=Record(encoded(event), topic="icecube.jobs")), services)


@pytest.mark.parametrize("option", OPTIONS)
async def test_an_option_that_it_cannot_do_waits_for_a_newer_processor(
    services: Services, producer: RecordingProducer, tmp_path: Path, option: str
) -> None:
    """It is named, it may be tried again, and it is not held against the image; nothing is made without it."""
    await deliver(written_with_options({option: OPTIONS[option]}), services, tmp_path)

    started, outcome = (decode(sent.value) for sent in producer.sent)
    assert isinstance(started, JobStarted)
    assert isinstance(outcome, JobFailed)
    assert (outcome.code, outcome.retryable) == ("unsupported_option", True)
    assert option in outcome.reason
    assert "image" not in outcome.reason


async def test_an_original_that_only_the_next_release_reads_waits_for_it(
    services: Services, producer: RecordingProducer, tmp_path: Path
) -> None:
    """A format that was taken in by a later API is no fault of the image."""
    event = written()
    event["original"]["format"] = "heic"

    await deliver(event, services, tmp_path)

    outcome = decode(producer.sent[-1].value)
    assert isinstance(outcome, JobFailed)
    assert (outcome.code, outcome.retryable) == ("unsupported_option", True)
    assert "heic" in outcome.reason


async def test_a_request_of_a_later_version_is_answered_and_put_aside(
    services: Services, producer: RecordingProducer, tmp_path: Path
) -> None:
    """Unanswered, the API would take the job for lost and ask for it again and again."""
    event = written(version=2, attempt=2)

    await deliver(event, services, tmp_path)

    dead, answer = producer.sent
    assert (dead.topic, dead.value) == ("icecube.jobs.dead", encoded(event))
    assert from_kafka(dead.headers)["icecube_code"] == "unreadable_event"
    outcome = decode(answer.value)
    assert isinstance(outcome, JobFailed)
    assert (str(outcome.job_id), outcome.attempt) == (event["jobId"], 2)
    assert (outcome.code, outcome.retryable) == ("unsupported_option", True)


async def test_an_event_of_an_unknown_type_is_put_aside(
    services: Services, producer: RecordingProducer, tmp_path: Path
) -> None:
    """It stops nothing, and nobody is told of a job that it may not be about."""
    await deliver(written(type="JobPrioritised"), services, tmp_path)

    assert [sent.topic for sent in producer.sent] == ["icecube.jobs.dead"]


async def test_what_it_does_not_know_of_a_job_keeps_it_from_nothing(
    services: Services, producer: RecordingProducer, tmp_path: Path
) -> None:
    """Unknown members beside the options are no reason not to do the job."""
    event = written(priority="bulk", tags={"a": "b"})
    event["original"]["pages"] = 3
    event["tasks"][0] |= {"name": "thumbnail", "reusable": None}

    await deliver(event, services, tmp_path)

    assert isinstance(decode(producer.sent[-1].value), JobSucceeded)
