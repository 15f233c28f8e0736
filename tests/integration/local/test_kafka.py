"""Apache Kafka, as people and tests run it here, keeps what it was given."""

from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.kafka import Broker


async def _make_topic(broker: str) -> str:
    name = f"events-{uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 2, 1)])
    finally:
        await admin.close()
    return name


async def _send(broker: str, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def _receive(broker: str, topic: str, wanted: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return [(await consumer.getone()).value for _ in range(wanted)]
    finally:
        await consumer.stop()


async def test_records_outlive_a_stop_and_a_crash(own_kafka: Broker) -> None:
    """What the broker acknowledged is there, at the same address, after a stop and after a kill -9."""
    topic = await _make_topic(own_kafka.address)
    await _send(own_kafka.address, topic, b"before the stop")

    own_kafka.stop()
    own_kafka.start()
    await _send(own_kafka.address, topic, b"before the crash")
    own_kafka.kill()
    was_running = own_kafka.is_running()
    own_kafka.start()
    received = await _receive(own_kafka.address, topic, 2)

    assert not was_running
    assert sorted(received) == [b"before the crash", b"before the stop"]


async def test_the_sessions_broker_serves(kafka_brokers: str, *, kafka_is_real: bool) -> None:
    """Whatever serves as Kafka takes records and gives them back."""
    topic = await _make_topic(kafka_brokers) if kafka_is_real else f"events-{uuid4().hex}"

    await _send(kafka_brokers, topic, b"one")
    received = await _receive(kafka_brokers, topic, 1)

    assert received == [b"one"]
