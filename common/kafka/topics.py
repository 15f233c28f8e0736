"""Creates our topics on brokers that do not create topics automatically."""

import asyncio
from datetime import timedelta

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from common.settings.groups import KafkaSettings

log = structlog.get_logger(__name__)

RETENTION = timedelta(days=7)
"""A week: longer than any outage should go unnoticed; PostgreSQL remembers unfinished jobs."""


async def create_topics(settings: KafkaSettings) -> None:
    """Create the missing topics; leave existing ones as they are.

    Their policy is delete: Faust's commits do not survive the gaps that compaction leaves in the offsets.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker_list)
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        await asyncio.gather(*(_create(admin, topic) for topic in _wanted(settings) if topic.name not in existing))
    finally:
        await admin.close()


def _wanted(settings: KafkaSettings) -> list[NewTopic]:
    partitions = {
        settings.jobs_topic: settings.partitions,
        settings.bulk_topic: settings.partitions,
        settings.results_topic: settings.partitions,
        settings.topic: settings.partitions,
        settings.events_topic: settings.partitions,
        settings.dead_topic: 1,
    }
    config = {"cleanup.policy": "delete", "retention.ms": str(RETENTION // timedelta(milliseconds=1))}
    return [NewTopic(name, count, settings.replication, topic_configs=config) for name, count in partitions.items()]


async def _create(admin: AIOKafkaAdminClient, topic: NewTopic) -> None:
    answer = await admin.create_topics([topic])
    code, explanation = answer.topic_errors[0][1], answer.topic_errors[0][-1]
    error = for_code(code)
    if code and error is not TopicAlreadyExistsError:
        message = f"topic {topic.name} was not created: {explanation}"
        raise error(message)
    log.info("topic created", topic=topic.name, partitions=topic.num_partitions)
