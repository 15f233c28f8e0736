"""A Kafka broker in this process: the one that librdkafka brings for its own tests.

It speaks the real protocol to any client, and keeps everything in memory. What it lacks: more than one
member a group, CreateTopics, more than 4 partitions a topic and 5 MiB a partition, and it lets every fetch
wait out its full time. So `icecube up` runs one processor with it, and asks for short waits.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaException, Producer

FETCH_WAIT_MS = 20
"""How long a fetch should wait here. Measured from event to consumer: p50 13 ms; with 1500 ms, 820 ms."""

_START_SECONDS = 10
_ERRORS_ONLY = 3  # syslog's number; the notice that a mock cluster runs is no news


class EmbeddedBrokerError(Exception):
    """The broker could not be started."""


@contextmanager
def embedded_broker() -> Iterator[str]:
    """Run the broker and yield its address, `host:port` on the loopback; all it held is gone afterwards."""
    producer = Producer({"test.mock.num.brokers": 1, "log_level": _ERRORS_ONLY})
    try:
        brokers = producer.list_topics(timeout=_START_SECONDS).brokers
    except KafkaException as exc:
        message = f"the embedded broker does not answer: {exc}"
        raise EmbeddedBrokerError(message) from exc
    (broker,) = brokers.values()
    try:
        yield f"{broker.host}:{broker.port}"
    finally:
        producer.close()  # the broker lives in its threads
