"""What the chaos runs found, each in the smallest situation that shows it; others stand beside the code at fault."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from common.blob_store import BlobStoreUnavailableError
from common.blob_store.disk import open_disk_store
from common.ids import new_id
from common.kafka.clients import open_consumer, open_producer
from common.kafka.topics import create_topics
from common.settings.groups import KafkaSettings, LimitsSettings
from ingest_api.intake.originals import OriginalIntake
from ingest_api.job_store import JobStoreUnavailableError
from ingest_api.job_store.connecting import Pool, connection_of
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.services import utc_now
from ingest_api.uploads.folder import UploadFolder
from ingest_api.uploads.receiving import ReceivedFile

STILL_BUSY = asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")


@dataclass
class PoolOfDyingConnections:
    """A pool whose connections cannot be reset: the server was shut down under their last command."""

    released: int = 0

    async def acquire(self, *, timeout: float) -> object:  # noqa: ARG002, ASYNC109 - as asyncpg has it
        """Give out something to hold."""
        return object()

    async def release(self, _: object) -> None:
        """Fail as asyncpg does then."""
        self.released += 1
        raise STILL_BUSY


def test_an_upload_to_a_volume_that_is_gone_is_turned_away(tmp_path: Path) -> None:
    """Seed 3, "storage is gone": looking how full the disk is must not be what answers 500."""
    folder = UploadFolder(tmp_path / "gone", free_mb=1)

    with pytest.raises(BlobStoreUnavailableError, match="volume"):
        folder.check()


async def test_an_upload_that_goes_with_its_volume_is_turned_away(jobs: PostgresJobStore, tmp_path: Path) -> None:
    """Seed 105, "storage is gone": a file that was received and then vanished was answered 500."""
    async with open_disk_store(tmp_path / "images") as blobs:
        intake = OriginalIntake(jobs, blobs, LimitsSettings(), utc_now)

        with pytest.raises(BlobStoreUnavailableError, match="volume"):
            await intake.store([ReceivedFile("photo.jpg", tmp_path / "gone" / "upload")], owner="anybody")


async def test_a_topic_that_comes_back_is_read_again(kafka_brokers: str, *, kafka_is_real: bool) -> None:
    """Seed 3, "broker comes back empty": a group that lost its topic read nothing for the next five minutes."""
    if not kafka_is_real:
        pytest.skip("the embedded broker deletes no topics")
    settings = KafkaSettings(brokers=kafka_brokers, topic=f"lost-{new_id()}", partitions=1)
    await create_topics(settings)
    async with open_consumer(settings, settings.topic, group=f"group-{new_id()}") as consumer:
        await consumer.getmany(timeout_ms=500)

        await delete_topic(settings)
        await consumer.getmany(timeout_ms=3000)  # long enough to find itself without a topic
        await create_topics(settings)
        async with open_producer(settings) as producer:
            await (await producer.send(settings.topic, b"result", b"key"))

        async with asyncio.timeout(60):
            while not (found := await consumer.getmany(timeout_ms=500)):
                pass
    assert [record.value for records in found.values() for record in records] == [b"result"]


async def delete_topic(settings: KafkaSettings) -> None:
    """Delete the topic, and return once the broker has forgotten it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker_list)
    await admin.start()
    try:
        await admin.delete_topics([settings.topic])
        async with asyncio.timeout(30):
            while settings.topic in await admin.list_topics():
                await asyncio.sleep(0.1)
    finally:
        await admin.close()


async def test_a_connection_that_cannot_be_given_back_hides_nothing() -> None:
    """Seed 3, "PostgreSQL stopped": what was done on it is done, and the caller is told nothing else."""
    pool = PoolOfDyingConnections()

    async with connection_of(cast("Pool", cast("Any", pool))):
        pass

    assert pool.released == 1


async def test_a_rollback_on_a_dying_connection_is_an_outage() -> None:
    """Seed 3, "PostgreSQL stopped": asyncpg's word for it is none of its usual errors, and was answered 500."""
    pool = PoolOfDyingConnections()

    with pytest.raises(JobStoreUnavailableError, match="another operation"):
        async with connection_of(cast("Pool", cast("Any", pool))):
            raise STILL_BUSY
