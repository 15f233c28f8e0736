"""Plans which parts `icecube up` embeds, and configures its children."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from common.settings.groups import BlobType, DatabaseType
from common.settings.model import Settings
from deploy.local.kafka.embedded_broker import FETCH_WAIT_MS


class UpError(Exception):
    """`icecube up` cannot continue; the message is the one line that its user needs."""


class UpRefusedError(UpError):
    """The request contradicts itself; nothing was started."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which parts are embedded, and which of those live in RAM."""

    brings_broker: bool
    brings_postgres: bool
    postgres_in_ram: bool
    images_in_ram: bool
    workers: int
    processors: int

    @property
    def needs_ram(self) -> bool:
        """Whether anything lives in RAM."""
        return self.postgres_in_ram or self.images_in_ram


def plan_for(settings: Settings, *, processors: int) -> Plan:
    """Return what to embed for *settings*; raise `UpRefusedError` if *processors* need a real broker."""
    brings_broker = not settings.kafka.broker_list
    if brings_broker and processors > 1:
        message = (
            f"--processors {processors}: the embedded broker serves one processor, which uses every core by itself; "
            "set ICECUBE_KAFKA_BROKERS (kafka.brokers) to a real Kafka for more"
        )
        raise UpRefusedError(message)
    return Plan(
        brings_broker=brings_broker,
        brings_postgres=settings.database.type is not DatabaseType.POSTGRES,
        postgres_in_ram=settings.database.type is DatabaseType.MEMORY,
        images_in_ram=settings.blob.type is BlobType.MEMORY,
        workers=settings.server.max_workers if "max_workers" in settings.server.model_fields_set else cores(),
        processors=processors,
    )


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Opened:
    """The addresses of this run: the API's port, Kafka's address, PostgreSQL's DSN, the folder in RAM if any."""

    port: int
    kafka: str
    postgres: str
    ram: Path | None


def child_environment(settings: Settings, plan: Plan, opened: Opened) -> Mapping[str, str]:
    """Return the variables that configure every child; they outrank the configuration file.

    Secrets go here and never on a command line, which everybody on the machine can read.
    """
    variables = {
        "ICECUBE_SERVER_PORT": str(opened.port),
        "ICECUBE_SERVER_METRICS_PORT": str(_metrics_port(settings, plan)),
        "ICECUBE_SERVER_MAX_WORKERS": str(plan.workers),
        "ICECUBE_DATA_DIR": str(settings.server.data_dir.resolve()),
    }
    if plan.brings_broker:
        variables |= {"ICECUBE_KAFKA_BROKERS": opened.kafka, "ICECUBE_KAFKA_FETCH_WAIT_MS": str(FETCH_WAIT_MS)}
        # Every user of the machine can write to this broker; what they write is refused. It forgets all at its end,
        # and the key with it.
        if not settings.kafka.signing_key_list:
            variables["ICECUBE_KAFKA_SIGNING_KEYS"] = token_hex(32)
    if plan.brings_postgres:
        variables |= {"ICECUBE_DATABASE_TYPE": DatabaseType.POSTGRES.value, "ICECUBE_DATABASE_URI": opened.postgres}
    if settings.blob.type is not BlobType.S3:
        images = opened.ram / "images" if opened.ram and plan.images_in_ram else settings.blob_folder.resolve()
        variables |= {"ICECUBE_BLOB_TYPE": BlobType.DISK.value, "ICECUBE_BLOB_DISK_PATH": str(images)}
    return variables


def _metrics_port(settings: Settings, plan: Plan) -> int:
    # Unasked none, so that two runs on one machine do not meet; several processors cannot share the one asked for.
    asked_for = "metrics_port" in settings.server.model_fields_set and plan.processors == 1
    return settings.server.metrics_port if asked_for else 0
