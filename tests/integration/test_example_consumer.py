"""The example consumer, run as its reader would run it, on a topic where records come twice."""

import asyncio
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from common.events import JobNotification
from common.kafka.clients import Producer, open_producer
from common.kafka.headers import to_kafka
from common.settings.groups import KafkaSettings
from ingest_api.domain.job import JobState
from ingest_api.job_store import OutboxMessage
from ingest_api.life_cycle.messages import Messages
from tests.factories.jobs import NOON, a_job, a_record, the_variants_of

CONSUMER = Path(__file__).parents[2] / "examples" / "consumer.py"
PATIENCE_SECONDS = 60


@dataclass
class Topic:
    """A topic of the test's own."""

    brokers: str
    name: str
    producer: Producer

    async def send(self, *messages: OutboxMessage) -> None:
        """Send *messages* to one partition, so that they are read in this order."""
        for message in messages:
            headers = to_kafka(message.headers)
            await (await self.producer.send(self.name, message.value, b"one partition", headers=headers))


@dataclass
class RunningConsumer:
    """The example as a process, and where it writes."""

    process: "subprocess.Popen[bytes]"
    out: Path
    err: Path

    def jobs(self, wanted: int) -> list[str]:
        """Return the ids of the jobs it has worked on, once there are *wanted*; fail when they do not come."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(lines := self.out.read_text().splitlines()) < wanted:
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{len(lines)} of {wanted} notifications came; it said:\n{self.err.read_text()}")
            time.sleep(0.05)
        return [json.loads(line)["jobId"] for line in lines]

    def stop(self) -> int:
        """Stop it as an orchestrator does, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


@pytest_asyncio.fixture
async def topic(kafka_brokers: str, *, kafka_is_real: bool) -> AsyncIterator[Topic]:
    """Yield an empty topic."""
    name = f"notifications-{uuid4().hex}"
    if kafka_is_real:  # the embedded broker makes topics when they are first named
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka_brokers)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(name, 2, 1)])
        finally:
            await admin.close()
    async with open_producer(KafkaSettings(brokers=kafka_brokers)) as producer:
        yield Topic(kafka_brokers, name, producer)


def command(topic: Topic) -> list[str]:
    """Return the command that runs the example on *topic*, in a group of the topic's own."""
    return [sys.executable, str(CONSUMER), "--brokers", topic.brokers, "--topic", topic.name, "--group", topic.name]


@contextmanager
def consuming(topic: Topic, folder: Path) -> Iterator[RunningConsumer]:
    """Run the example on *topic*; what is left of it in the end is killed."""
    run = uuid4().hex
    out, err = folder / f"{run}.out", folder / f"{run}.err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(command(topic), stdout=stdout, stderr=stderr)
    try:
        yield RunningConsumer(process, out, err)
    finally:
        process.kill()
        process.wait()


def a_notification() -> OutboxMessage:
    """Return the record of a job that is completed, as the API writes it."""
    record = a_record(job=a_job(state=JobState.COMPLETED))
    return Messages(KafkaSettings()).job_ended(replace(record, variants=the_variants_of(record.tasks)), at=NOON)


def job_of(message: OutboxMessage) -> str:
    """Return the id of the job that *message* tells of."""
    return str(JobNotification.model_validate_json(message.value or b"").job_id)


async def test_a_record_that_comes_twice_is_worked_on_once(topic: Topic, tmp_path: Path) -> None:
    """However often a notification is in the topic, the example works on it once."""
    first, second, last = (a_notification() for _ in range(3))
    await topic.send(first, first, second, first, second, last)

    with consuming(topic, tmp_path) as consumer:
        worked_on = consumer.jobs(3)

    assert worked_on == [job_of(first), job_of(second), job_of(last)]


async def test_a_stopped_consumer_goes_on_where_it_was(topic: Topic, tmp_path: Path) -> None:
    """SIGTERM ends the example with status 0 and its place committed: the next run starts after it."""
    before, after = a_notification(), a_notification()
    await topic.send(before)

    with consuming(topic, tmp_path) as consumer:
        consumer.jobs(1)
        status = consumer.stop()
    await topic.send(after)
    with consuming(topic, tmp_path) as next_run:
        worked_on = next_run.jobs(1)

    assert status == 0
    assert worked_on == [job_of(after)]


async def test_work_that_failed_comes_again(topic: Topic, tmp_path: Path) -> None:
    """When the work raises, nothing is committed: the next run gets the same record."""
    message = a_notification()
    await topic.send(message)
    reader, writer = os.pipe()
    os.close(reader)  # whoever writes to this pipe fails

    failed = await asyncio.to_thread(
        subprocess.run, command(topic), stdout=writer, stderr=subprocess.PIPE, timeout=PATIENCE_SECONDS, check=False
    )
    os.close(writer)
    with consuming(topic, tmp_path) as consumer:
        worked_on = consumer.jobs(1)

    assert failed.returncode != 0
    assert b"BrokenPipeError" in failed.stderr
    assert worked_on == [job_of(message)]


async def test_a_record_that_is_no_json_stops_nobody(topic: Topic, tmp_path: Path) -> None:
    """An unreadable record is named on stderr and passed over."""
    readable = a_notification()
    await topic.send(OutboxMessage(topic=topic.name, key=None, value=b"\xff{", headers={}), readable)

    with consuming(topic, tmp_path) as consumer:
        worked_on = consumer.jobs(1)
        said = consumer.err.read_text()

    assert worked_on == [job_of(readable)]
    assert f"skipped {topic.name}/" in said


def test_the_memory_of_ids_is_bounded() -> None:
    """Beyond the limit the oldest id is forgotten, and the newest are kept."""
    seen: Any = runpy.run_path(str(CONSUMER))["SeenIds"](limit=2)

    for event_id in (b"1", b"2", b"1", b"3"):
        seen.add(event_id)

    assert [event_id for event_id in (b"1", b"2", b"3") if event_id in seen] == [b"1", b"3"]
