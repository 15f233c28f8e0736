"""Runs a broker during a `with` block: in a container if an engine answers, else from jars with Java."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from deploy.local.kafka import Broker, KafkaUnavailableError
from deploy.local.kafka.docker_broker import DockerBroker, engine
from deploy.local.kafka.jars import kafka_jars
from deploy.local.kafka.java_broker import JavaBroker, java

CACHE = Path(".cache/kafka")


@contextmanager
def docker_kafka(port: int) -> Iterator[Broker]:
    """Yield a started broker in a container, removed afterwards; raise `KafkaUnavailableError`."""
    broker = DockerBroker(port)
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()


@contextmanager
def java_kafka(folder: Path, port: int, *, cache: Path = CACHE) -> Iterator[Broker]:
    """Yield a started broker of Maven's jars on *folder*, which is kept; raise `KafkaUnavailableError`."""
    broker = JavaBroker(kafka_jars(cache), folder, port)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def any_kafka(folder: Path, port: int) -> AbstractContextManager[Broker]:
    """Return the one of the two that works here; raise `KafkaUnavailableError` that names what both lack."""
    try:
        engine()
    except KafkaUnavailableError as no_docker:
        try:
            java()
            kafka_jars(CACHE)
        except KafkaUnavailableError as no_java:
            message = f"Apache Kafka cannot be run here: {no_docker}, and {no_java}"
            raise KafkaUnavailableError(message) from no_java
        return java_kafka(folder, port)
    return docker_kafka(port)
