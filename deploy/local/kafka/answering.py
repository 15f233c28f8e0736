"""Waits until a broker answers."""

import time
from collections.abc import Callable

from confluent_kafka import KafkaException, Producer

from deploy.local.kafka import KafkaUnavailableError

_QUIET = {"log_level": 0, "reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 200}


def wait_until_answers(address: str, *, within_seconds: float, is_alive: Callable[[], bool]) -> None:
    """Return once the broker at *address* answers; raise `KafkaUnavailableError` if it is dead or too late."""
    client = Producer({"bootstrap.servers": address, **_QUIET})
    deadline = time.monotonic() + within_seconds
    try:
        while not _answers(client):
            if not is_alive():
                message = "Kafka ended while it was starting"
                raise KafkaUnavailableError(message)
            if time.monotonic() > deadline:
                message = f"Kafka did not answer at {address} within {within_seconds:g} s"
                raise KafkaUnavailableError(message)
    finally:
        client.close()


def _answers(client: Producer) -> bool:
    try:
        return bool(client.list_topics(timeout=0.5).brokers)
    except KafkaException:
        return False
