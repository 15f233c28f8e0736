"""What a starting processor does about parts that are away."""

import asyncio
from pathlib import Path

from common.settings.groups import BlobSettings, BlobType, KafkaSettings
from common.settings.model import Settings
from deploy.local.kafka import Broker
from processor.services import open_services


async def test_a_processor_waits_for_kafka(own_kafka: Broker, tmp_path: Path) -> None:
    """Started while Kafka is away, it is ready when Kafka is back, and did not give up in between."""
    settings = Settings(
        kafka=KafkaSettings(brokers=own_kafka.address), blob=BlobSettings(type=BlobType.DISK, disk_path=tmp_path)
    )
    own_kafka.stop()
    services = open_services(settings)
    opening = asyncio.create_task(services.__aenter__())
    done, _ = await asyncio.wait([opening], timeout=3)
    assert not done

    await asyncio.to_thread(own_kafka.start)

    await asyncio.wait_for(opening, 60)
    await services.__aexit__(None, None, None)
