"""The pipeline's own ceiling: jobs for a picture of one pixel, as fast as they go."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from PIL import Image

from deploy.local.plan import cores
from tests.bench.service.client import client
from tests.bench.service.http_load import job_request, sent
from tests.bench.service.plan import Plan
from tests.bench.service.records import Notifications, notifications
from tests.bench.service.results import Section, Table, Verdict
from tests.bench.service.service import Service, running_service
from tests.bench.service.weighing import Spent, cpu_of

JOBS, CONNECTIONS = 2000, 32
_WANTED = 400
_WORKED_ON, _REUSED = "worked on", "reused"


@dataclass(frozen=True, slots=True)
class _Run:
    """What became of so many empty jobs: seconds until all were accepted and until all were done, and the CPU's."""

    accepted: float
    done: float
    cpu: Spent


async def measure(plan: Plan) -> Section:
    """Let a service work on every job, and another copy what the first of its jobs has made."""
    pixel = plan.work / "empty.png"
    Image.new("RGB", (1, 1), "teal").save(pixel)
    # Whatever their options, variants of one pixel are the same ones: only the setting keeps them from being reused.
    runs = {_WORKED_ON: await _runs(plan, pixel, reuse="false"), _REUSED: await _runs(plan, pixel, reuse="true")}
    verdicts = [Verdict(f"empty jobs a second, {_WORKED_ON}", _rate(runs[_WORKED_ON]), _WANTED)]
    return Section("Empty jobs: one pixel to JPEG, one task", verdicts, [_rates(runs), _parts(runs)])


async def _runs(plan: Plan, pixel: Path, *, reuse: str) -> list[_Run]:
    with running_service(plan.broker, ICECUBE_PROCESSING_REUSE=reuse) as service:
        async with client(service) as http, notifications(service) as told:
            original = await http.upload(pixel)
            requests = [job_request("/api/v1/job", original, [{"format": "jpeg"}])] * JOBS
            await _run(service, told, requests)  # a warm-up
            return [await _run(service, told, requests) for _ in range(plan.rounds)]


async def _run(service: Service, told: Notifications, requests: Sequence[str]) -> _Run:
    before = set(told.by_job)
    with cpu_of(service.pid) as cpu:
        found = await sent(urlsplit(service.api).port or 0, requests, connections=CONNECTIONS)
        ended = await told.further(len(requests), beside=before)
    done = max(record.read_at for record in ended) - found.began_at
    return _Run(found.seconds, done, cpu | {"clients": found.cpu_seconds})


def _rate(runs: Sequence[_Run]) -> float:
    return JOBS / median(run.done for run in runs)


def _cpu_a_job(runs: Sequence[_Run]) -> float:
    return median(sum(run.cpu.values()) for run in runs) / JOBS


def _rates(runs: dict[str, list[_Run]]) -> Table:
    head = ("jobs", "accepted/s", "done/s", "CPU ms a job, all together", "of the cores", "by CPU at most, jobs/s")
    rows = [
        (
            kind,
            f"{JOBS / median(run.accepted for run in both):.0f}",
            f"{_rate(both):.0f}",
            f"{1000 * _cpu_a_job(both):.2f}",
            f"{_cpu_a_job(both) * _rate(both) / cores():.2f}",
            f"{cores() / _cpu_a_job(both):.0f}",
        )
        for kind, both in runs.items()
    ]
    words = f"{JOBS} jobs over {CONNECTIONS} connections, from the first request to the last notification: medians."
    return Table(head, rows, words)


def _parts(runs: dict[str, list[_Run]]) -> Table:
    """Return who takes the CPU; a part of one process that nears a whole core is where the pipeline saturates."""
    parts = list(dict.fromkeys(part for both in runs.values() for run in both for part in run.cpu))
    rows = [(part, *(word for both in runs.values() for word in _part(part, both))) for part in parts]
    head = ("part", *(f"{figure}, {kind}" for kind in runs for figure in ("CPU ms a job", "share of a core")))
    return Table(head, rows)


def _part(part: str, runs: Sequence[_Run]) -> tuple[str, str]:
    a_job = median(1000 * run.cpu.get(part, 0) / JOBS for run in runs)
    share = median(run.cpu.get(part, 0) / run.done for run in runs)
    return f"{a_job:.2f}", f"{share:.2f}"
