"""A Kafka broker for the session: Apache Kafka where it can run, else the embedded one.

`ICECUBE_TEST_KAFKA` = docker, maven or embedded forces the choice; one that cannot run then fails.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest

from deploy.local.kafka import VERSION, Broker, KafkaUnavailableError
from deploy.local.kafka.docker_broker import engine
from deploy.local.kafka.embedded_broker import embedded_broker
from deploy.local.kafka.running import java_kafka
from deploy.local.ports import free_ports
from tests.services.kafka_container import container_kafka

CHOICE_VARIABLE = "ICECUBE_TEST_KAFKA"


class Kind(StrEnum):
    """What serves as Kafka."""

    DOCKER = "docker"
    MAVEN = "maven"
    EMBEDDED = "embedded"


_SHOWN = {
    Kind.DOCKER: f"Apache Kafka {VERSION} in a container",
    Kind.MAVEN: f"Apache Kafka {VERSION} from Maven's jars",
    Kind.EMBEDDED: "the broker embedded in librdkafka; not shown: several members a group, topic creation, restarts",
}


@dataclass(frozen=True, slots=True)
class KafkaServer:
    """The session's broker: its address, and what it is."""

    address: str
    kind: Kind


def chosen_kind() -> Kind:
    """Return what is forced, or else the best that seems to be there."""
    if forced := os.environ.get(CHOICE_VARIABLE):
        return Kind(forced)
    try:
        engine()
    except KafkaUnavailableError:
        return Kind.MAVEN if shutil.which("mvn") and shutil.which("java") else Kind.EMBEDDED
    return Kind.DOCKER


def pytest_report_header() -> str:
    """Say which broker tests of Kafka will run on, and what is not shown with it."""
    kind = chosen_kind()
    fallback = "" if kind is Kind.EMBEDDED or CHOICE_VARIABLE in os.environ else " (else: the embedded broker)"
    return f"kafka: {_SHOWN[kind]}{fallback}"


@pytest.fixture(scope="session")
def kafka_server() -> Iterator[KafkaServer]:
    """Yield the session's broker; tests keep apart by random names of topics and groups."""
    with ExitStack() as stack:
        yield _start(chosen_kind(), stack)


@pytest.fixture(scope="session")
def kafka_brokers(kafka_server: KafkaServer) -> str:
    """Return the address of the session's broker, as `kafka.brokers` takes it."""
    return kafka_server.address


@pytest.fixture(scope="session")
def kafka_is_real(kafka_server: KafkaServer) -> bool:
    """Say whether Apache Kafka runs, which alone shows groups of several members, topic creation and restarts."""
    return kafka_server.kind is not Kind.EMBEDDED


@pytest.fixture
def own_kafka(*, kafka_is_real: bool) -> Iterator[Broker]:
    """Yield a broker for one test alone, to be stopped, killed and started again; skips where there is none."""
    if not kafka_is_real:
        pytest.skip(f"needs Apache Kafka, and this is {_SHOWN[Kind.EMBEDDED]}")
    with ExitStack() as stack:
        yield stack.enter_context(_apache_kafka(chosen_kind(), stack))


def _start(kind: Kind, stack: ExitStack) -> KafkaServer:
    if kind is not Kind.EMBEDDED:
        try:
            return KafkaServer(stack.enter_context(_apache_kafka(kind, stack)).address, kind)
        except KafkaUnavailableError:
            if CHOICE_VARIABLE in os.environ:
                raise
    return KafkaServer(stack.enter_context(embedded_broker()), Kind.EMBEDDED)


def _apache_kafka(kind: Kind, stack: ExitStack) -> AbstractContextManager[Broker]:
    (port,) = free_ports(1)
    if kind is Kind.DOCKER:
        return container_kafka(port)
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="icecube-kafka-"))
    return java_kafka(Path(folder), port)
