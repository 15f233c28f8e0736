"""Apache Kafka on this machine, one node, for people and for tests: the port; its adapters stand beside it."""

from typing import Protocol

VERSION = "4.1.1"
"""Of the container image and of the jars alike."""


class KafkaUnavailableError(Exception):
    """Kafka cannot be run here; the message says what is missing or what went wrong."""


class Broker(Protocol):
    """One broker at a fixed address, with data that outlives its process."""

    @property
    def address(self) -> str:
        """Where clients reach it: `host:port`, on the loopback only."""
        ...

    def start(self) -> None:
        """Run it, on what it kept from before, and return once it answers; raise `KafkaUnavailableError`."""
        ...

    def stop(self) -> None:
        """End it in order; nothing happens when it does not run."""
        ...

    def kill(self) -> None:
        """End it as a crash would; nothing happens when it does not run."""
        ...

    def is_running(self) -> bool:
        """Say whether its process lives."""
        ...
