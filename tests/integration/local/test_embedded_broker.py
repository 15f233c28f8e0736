"""The embedded broker serves the clients we use, and nothing but this machine."""

import socket

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local.kafka.embedded_broker import FETCH_WAIT_MS, embedded_broker


async def _consume(broker: str, group: str, wanted: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        "events",
        bootstrap_servers=broker,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        session_timeout_ms=6000,  # the broker forms a group again only after this
        heartbeat_interval_ms=2000,
    )
    await consumer.start()
    try:
        values = [(await consumer.getone()).value for _ in range(wanted)]
        await consumer.commit()
    finally:
        await consumer.stop()
    return values


async def test_what_is_produced_reaches_a_group() -> None:
    """Records sent with acks=all reach a consumer group, in the order of their key."""
    sent = [str(number).encode() for number in range(20)]
    with embedded_broker() as broker:
        producer = AIOKafkaProducer(bootstrap_servers=broker, acks="all")
        await producer.start()

        for value in sent:
            await producer.send_and_wait("events", value, key=b"one")
        await producer.stop()
        received = await _consume(broker, "group", len(sent))

    assert received == sent


async def test_a_group_resumes_where_it_committed() -> None:
    """The broker keeps offsets: a group that comes back is given only what it has not seen."""
    with embedded_broker() as broker:
        producer = AIOKafkaProducer(bootstrap_servers=broker, acks="all")
        await producer.start()
        await producer.send_and_wait("events", b"first", key=b"one")
        first = await _consume(broker, "group", 1)

        await producer.send_and_wait("events", b"second", key=b"one")
        second = await _consume(broker, "group", 1)
        await producer.stop()

    assert [*first, *second] == [b"first", b"second"]


def test_it_listens_on_the_loopback_and_ends() -> None:
    """The address is of this machine only, and closed once the broker has ended."""
    with embedded_broker() as broker:
        host, _, port = broker.partition(":")
        socket.create_connection((host, int(port)), timeout=5).close()

    assert host == "127.0.0.1"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5)
