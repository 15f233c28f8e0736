"""Apache Kafka as a container, through the `docker` command."""

import shutil
import subprocess
from uuid import uuid4

from deploy.local.kafka import VERSION, KafkaUnavailableError
from deploy.local.kafka.answering import wait_until_answers
from deploy.local.kafka.properties import properties
from deploy.local.ports import LOOPBACK

IMAGE = f"apache/kafka:{VERSION}"
START_SECONDS = 300  # the image may have to be pulled
CONTROLLER_PORT = 19093  # inside the container only


class DockerBroker:
    """A broker in a container of its own, which keeps the data from start to start. See `Broker`."""

    def __init__(self, port: int) -> None:
        self._docker = engine()
        self._port = port
        self._name = f"icecube-kafka-{uuid4().hex[:12]}"
        self._is_made = False

    @property
    def address(self) -> str:
        """Its address for clients."""
        return f"{LOOPBACK}:{self._port}"

    def start(self) -> None:
        """Start it and return once it answers."""
        if self._is_made:
            self._run("start", self._name)
        else:
            self._run("run", "--detach", "--name", self._name, *self._options(), IMAGE)
            self._is_made = True
        wait_until_answers(self.address, within_seconds=START_SECONDS, is_alive=self.is_running)

    def stop(self) -> None:
        """Stop it in order."""
        if self.is_running():
            self._run("stop", self._name)

    def kill(self) -> None:
        """Kill it, as a crash would."""
        if self.is_running():
            self._run("kill", self._name)

    def remove(self) -> None:
        """Remove it with its data."""
        if self._is_made:
            self._run("rm", "--force", "--volumes", self._name)
            self._is_made = False

    def is_running(self) -> bool:
        """Say whether its process runs."""
        return self._is_made and self._run("inspect", "--format", "{{.State.Running}}", self._name) == "true"

    def _options(self) -> list[str]:
        environment = variables(self.address, port=self._port, controller_port=CONTROLLER_PORT)
        words = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        return ["--publish", f"{self.address}:{self._port}", *words]

    def _run(self, *words: str) -> str:
        result = subprocess.run([self._docker, *words], capture_output=True, check=False)  # noqa: S603 - fixed words
        if result.returncode != 0:
            message = f"docker {words[0]}: {result.stderr.decode(errors='replace').strip()[-500:]}"
            raise KafkaUnavailableError(message)
        return result.stdout.decode().strip()


def variables(address: str, *, port: int, controller_port: int) -> dict[str, str]:
    """Return the environment of the container: the broker's configuration in the image's form."""
    settings = properties(
        listen_host="0.0.0.0",  # noqa: S104 - of the container; the port is published on the loopback only
        advertised=address,
        port=port,
        controller_port=controller_port,
    )
    named = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in settings.items()}
    return {**named, "KAFKA_HEAP_OPTS": "-Xmx512m"}


def engine() -> str:
    """Return the path of a `docker` whose engine answers; raise `KafkaUnavailableError`."""
    path = shutil.which("docker")
    if path is None or subprocess.run([path, "info"], capture_output=True, check=False).returncode != 0:  # noqa: S603 - found on the path
        message = "no Docker engine answers"
        raise KafkaUnavailableError(message)
    return path
