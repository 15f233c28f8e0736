"""Apache Kafka as a Java process."""

import re
import shutil
import subprocess
from base64 import urlsafe_b64encode
from pathlib import Path
from uuid import uuid4

from deploy.local.kafka import KafkaUnavailableError
from deploy.local.kafka.answering import wait_until_answers
from deploy.local.kafka.properties import properties
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.processes.stopping import stop

START_SECONDS = 90
STOP_SECONDS = 30
_OLDEST_JAVA = 17
# A small heap, and flags for a quick start rather than peak speed.
_JAVA_FLAGS = (
    "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)  # fmt: skip


class JavaBroker:
    """A broker from jars, with its data, configuration and log in *folder*. See `Broker`."""

    def __init__(self, jars: Path, folder: Path, port: int) -> None:
        self._java = java()
        self._jars = jars.resolve()
        self._folder = folder.resolve()
        self._port = port
        self._controller_port = free_ports(1)[0]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Its address for clients."""
        return f"{LOOPBACK}:{self._port}"

    def start(self) -> None:
        """Start it on its folder and return once it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._write_configuration()
        if not (self._data / "meta.properties").exists():
            self._format()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - fixed words
                [*self._command("kafka.Kafka"), str(self._configuration)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            wait_until_answers(self.address, within_seconds=START_SECONDS, is_alive=self.is_running)
        except KafkaUnavailableError as exc:
            self.stop()
            message = f"{exc}; its log ends: {self._log.read_text(errors='replace').strip()[-1000:]}"
            raise KafkaUnavailableError(message) from exc

    def stop(self) -> None:
        """Stop it in order."""
        if self._process:
            stop(self._process, grace_seconds=STOP_SECONDS)

    def kill(self) -> None:
        """Kill it, as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def is_running(self) -> bool:
        """Say whether its process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _configuration(self) -> Path:
        return self._folder / "server.properties"

    @property
    def _log(self) -> Path:
        return self._folder / "kafka.log"

    def _write_configuration(self) -> None:
        settings = properties(
            listen_host=LOOPBACK, advertised=self.address, port=self._port, controller_port=self._controller_port
        )
        lines = [f"{name}={value}\n" for name, value in (settings | {"log.dirs": str(self._data)}).items()]
        self._configuration.write_text("".join(lines))

    def _format(self) -> None:
        # A cluster id is 16 bytes in URL-safe base64; a fixed first letter, as it may not look like a flag.
        cluster_id = "I" + urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")[1:]
        command = [*self._command("kafka.tools.StorageTool"), "format", "-t", cluster_id, "-c"]
        result = subprocess.run([*command, str(self._configuration)], capture_output=True, check=False)  # noqa: S603 - fixed words
        if result.returncode != 0:
            message = f"Kafka's folder {self._data} could not be made: {result.stderr.decode(errors='replace')[-500:]}"
            raise KafkaUnavailableError(message)

    def _command(self, entry_point: str) -> list[str]:
        return [self._java, *_JAVA_FLAGS, "-cp", f"{self._jars}/*", entry_point]


def java() -> str:
    """Return the path of a Java that can run Kafka; raise `KafkaUnavailableError`."""
    path = shutil.which("java")
    if path is None:
        message = f"Java {_OLDEST_JAVA} or newer is not installed"
        raise KafkaUnavailableError(message)
    said = subprocess.run([path, "-version"], capture_output=True, check=False).stderr.decode(errors="replace")  # noqa: S603 - found on the path
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < _OLDEST_JAVA:
        message = f"Kafka needs Java {_OLDEST_JAVA} or newer; {path} is {found[1] if found else 'none'}"
        raise KafkaUnavailableError(message)
    return path
