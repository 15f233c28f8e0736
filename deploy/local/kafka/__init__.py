"""The port to Apache Kafka on this machine, one node, for people and tests; its adapters are beside it."""

from typing import Protocol

VERSION = "4.1.1"
"""The version of the container image and of the jars."""


class KafkaUnavailableError(Exception):
    """Kafka cannot be run here; the message says what is missing or what went wrong."""


class Broker(Protocol):
    """One broker at a fixed address, with data that outlives its process."""

    @property
    def address(self) -> str:
        """Its address for clients: `host:port`, on the loopback only."""
        ...

    def start(self) -> None:
        """Start it on its earlier data, and return once it answers; raise `KafkaUnavailableError`."""
        ...

    def stop(self) -> None:
        """Stop it in order, if it runs."""
        ...

    def kill(self) -> None:
        """Kill it, as a crash would, if it runs."""
        ...

    def is_running(self) -> bool:
        """Say whether its process runs."""
        ...
