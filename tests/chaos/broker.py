"""The broker under attack: Apache Kafka, which can also come back empty, or the embedded one, which is left alone."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from deploy.local.kafka import KafkaUnavailableError
from deploy.local.kafka.docker_broker import DockerBroker, engine
from deploy.local.kafka.embedded_broker import FETCH_WAIT_MS, embedded_broker
from deploy.local.kafka.jars import kafka_jars
from deploy.local.kafka.java_broker import JavaBroker
from deploy.local.kafka.running import CACHE
from deploy.local.ports import free_ports


class AttackedBroker(Protocol):
    """What the faults do to a broker; every method blocks. *is_real* says whether they may."""

    is_real: bool
    fetch_wait_ms: int

    @property
    def address(self) -> str:
        """Where clients reach it."""
        ...

    def start(self) -> None:
        """Run it on what it kept."""
        ...

    def stop(self) -> None:
        """End it in order."""
        ...

    def kill(self) -> None:
        """End it as a crash would."""
        ...

    def forget(self) -> None:
        """Lose everything it kept; it must not be running."""
        ...


class _Java(JavaBroker):
    is_real = True
    fetch_wait_ms = 500

    def forget(self) -> None:
        shutil.rmtree(self._data)

    close = JavaBroker.kill


class _Docker(DockerBroker):
    is_real = True
    fetch_wait_ms = 500

    def forget(self) -> None:
        self.remove()

    close = forget


class _Embedded:
    is_real = False
    fetch_wait_ms = FETCH_WAIT_MS

    def __init__(self, address: str) -> None:
        self.address = address

    def start(self) -> None:
        raise NotImplementedError

    stop = kill = forget = start  # it lives in this process: the schedule has no faults for it


@contextmanager
def attacked_broker(kind: str, folder: Path) -> Iterator[AttackedBroker]:
    """Yield a running broker of *kind*, apache or embedded; raise `KafkaUnavailableError`."""
    if kind == "embedded":
        with embedded_broker() as address:
            yield _Embedded(address)
        return
    broker = _apache(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.close()


def _apache(folder: Path) -> "_Java | _Docker":
    (port,) = free_ports(1)
    try:
        engine()
    except KafkaUnavailableError:
        return _Java(kafka_jars(CACHE), folder, port)
    return _Docker(port)
