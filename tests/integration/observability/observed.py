"""Icecube with every eye open: metrics served, spans exported, logs in JSON, and one job done from end to end."""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx

from deploy.local.ports import free_ports
from tests.factories import images
from tests.integration.observability.collector import Collector, running_collector
from tests.services.icecube import RunningIcecube, started_icecube

JOB_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Observed:
    """A running Icecube and where it can be seen."""

    icecube: RunningIcecube
    processor: str
    """URL of the processor's probes and metrics."""
    collector: Collector
    log: Path

    def metrics(self) -> dict[str, str]:
        """Return what each process shows at `/metrics`."""
        urls = {"api": self.icecube.api, "processor": self.processor}
        return {name: httpx.get(f"{url}/metrics").raise_for_status().text for name, url in urls.items()}


@dataclass(frozen=True, slots=True)
class Trace:
    """The trace a client began, and the header that carries it."""

    trace_id: str
    parent_id: str

    @property
    def headers(self) -> dict[str, str]:
        """What the client sends with each of its requests; 01: it is recorded."""
        return {"traceparent": f"00-{self.trace_id}-{self.parent_id}-01"}


def new_trace() -> Trace:
    """Return a trace of the client's own."""
    return Trace(secrets.token_hex(16), secrets.token_hex(8))


@contextmanager
def observed_icecube(folder: Path, **settings: str) -> Iterator[Observed]:
    """Run Icecube in *folder*, observed."""
    (port,) = free_ports(1)
    with running_collector() as collector:
        told = {
            "ICECUBE_SERVER_METRICS_PORT": str(port),
            "ICECUBE_LOG_FORMAT": "json",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            **settings,
        }
        with started_icecube(folder, durable=False, **told) as (_, icecube):
            yield Observed(icecube, f"http://127.0.0.1:{port}", collector, folder / "icecube.log")


_QUALITIES = count(50)
"""One for each job: a variant that is there already is copied, and shows less."""


def finished_job(icecube: RunningIcecube, headers: dict[str, str], *, photo: bytes | None = None) -> str:
    """Upload a photo, ask for a WebP that nobody has asked for, and return the job's state when it has ended."""
    with httpx.Client(base_url=icecube.api, headers=headers, timeout=30) as http:
        files = {"file": ("holiday.jpg", photo or images.photo())}
        (uploaded,) = http.post("/api/v1/images", files=files).raise_for_status().json()
        wanted = {
            "originalID": uploaded["id"],
            "options": [{"format": "webp", "maxDimension": 100, "quality": next(_QUALITIES)}],
        }
        job = http.post("/api/v1/job", json=wanted).raise_for_status().json()
        deadline = time.monotonic() + JOB_SECONDS
        while job["status"] in ("pending", "processing"):
            assert time.monotonic() < deadline, f"the job did not end: {json.dumps(job)}"
            time.sleep(0.1)
            job = http.get(f"/api/v1/job/{job['id']}").raise_for_status().json()
    return str(job["status"])
