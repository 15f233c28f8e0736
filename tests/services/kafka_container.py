"""Apache Kafka as a container of testcontainers, which also removes it when the tests themselves are killed."""

from collections.abc import Iterator
from contextlib import contextmanager

from testcontainers.core.container import DockerContainer

from deploy.local.kafka import Broker
from deploy.local.kafka.answering import wait_until_answers
from deploy.local.kafka.docker_broker import CONTROLLER_PORT, IMAGE, START_SECONDS, variables
from deploy.local.ports import LOOPBACK


class ContainerBroker:
    """See `Broker`."""

    def __init__(self, container: DockerContainer, port: int) -> None:
        self._container = container
        self._port = port
        self._is_made = False

    @property
    def address(self) -> str:
        """Where clients reach it."""
        return f"{LOOPBACK}:{self._port}"

    def start(self) -> None:
        """Run it and return once it answers."""
        if self._is_made:
            self._container.get_wrapped_container().start()
        else:
            self._container.start()
            self._is_made = True
        wait_until_answers(self.address, within_seconds=START_SECONDS, is_alive=self.is_running)

    def stop(self) -> None:
        """End it in order."""
        if self.is_running():
            self._container.get_wrapped_container().stop()

    def kill(self) -> None:
        """End it as a crash would."""
        if self.is_running():
            self._container.get_wrapped_container().kill()

    def is_running(self) -> bool:
        """Say whether its process lives."""
        if not self._is_made:
            return False
        container = self._container.get_wrapped_container()
        container.reload()
        return str(container.status) == "running"


@contextmanager
def container_kafka(port: int) -> Iterator[Broker]:
    """Yield a started broker in a container, removed afterwards."""
    container = DockerContainer(IMAGE)
    # with_bind_ports would publish on every address of the machine; docker-py also takes one.
    container.ports[f"{port}/tcp"] = (LOOPBACK, port)  # type: ignore[assignment] # typed for ports alone
    for name, value in variables(f"{LOOPBACK}:{port}", port=port, controller_port=CONTROLLER_PORT).items():
        container.with_env(name, value)
    broker = ContainerBroker(container, port)
    try:
        broker.start()
        yield broker
    finally:
        container.stop()
