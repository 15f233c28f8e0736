"""An Icecube of the bench's own, started as a user starts it, on Apache Kafka or its embedded broker."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local.kafka.embedded_broker import FETCH_WAIT_MS
from deploy.local.kafka.running import any_kafka
from deploy.local.ports import free_ports
from tests.bench.service.plan import BrokerKind
from tests.services.icecube import started_icecube


@dataclass(frozen=True, slots=True)
class Service:
    """A running service: the process of `icecube up`, and where its parts listen."""

    pid: int
    api: str
    kafka: str
    metrics: str
    fetch_wait_ms: int


@contextmanager
def running_service(broker: BrokerKind, *, processors: int = 1, **settings: str) -> Iterator[Service]:
    """Run Icecube in a folder of its own, everything kept durably on disk; *settings* are environment variables."""
    (metrics,) = free_ports(1)
    with TemporaryDirectory(prefix="icecube-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        told = {"ICECUBE_SERVER_METRICS_PORT": str(metrics), **settings}
        if broker == "apache":
            kafka = stack.enter_context(any_kafka(folder / "kafka", free_ports(1)[0]))
            told["ICECUBE_KAFKA_BROKERS"] = kafka.address
        flags = ("--processors", str(processors))
        process, parts = stack.enter_context(started_icecube(folder, flags=flags, durable=True, **told))
        wait = FETCH_WAIT_MS if broker == "embedded" else 500
        yield Service(process.pid, parts.api, parts.kafka, f"http://127.0.0.1:{metrics}/metrics", wait)
