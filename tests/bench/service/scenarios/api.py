"""The API's requests at 1 to 64 connections, against a bare Starlette route that answers the same bytes."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import psutil

from tests.bench.pictures import photograph
from tests.bench.service.bare_route import bare_routes
from tests.bench.service.client import client
from tests.bench.service.http_load import get, job_request, sent, upload
from tests.bench.service.load import Findings
from tests.bench.service.plan import Plan
from tests.bench.service.records import notifications
from tests.bench.service.results import Section, Table, Verdict, percentile
from tests.bench.service.service import Service, running_service
from tests.bench.service.weighing import API, IMAGES, POSTGRES, PROCESSOR, cpu_of, cpu_seconds, paused, roles

CONNECTIONS = (1, 8, 64)
SECONDS = 2.0
_OF_BARE = 0.6
_READS = frozenset({"GET job", "GET job, unfinished", "GET metadata", "GET image"})
_MANY = 300
"""Images of 100 kB: more than an API process keeps."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of request: what is sent to the service and to the bare route, and what both answer."""

    requests: Sequence[str]
    bare: Sequence[str]
    answer: bytes


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of the load on one of both: requests a second, p99, and CPU seconds a request by whose they are."""

    rate: float
    p99: float
    server: float
    client: float
    postgres: float = 0.0


Runs = dict[tuple[str, int], tuple[list[_Run], list[_Run]]]


async def measure(plan: Plan) -> Section:
    """Alternate both, for each kind of request and number of connections, with the processor stopped."""
    with running_service(plan.broker) as service:
        images, job = await _made(plan.work, service)
        processor = [one for role in (PROCESSOR, IMAGES) for one in roles(service.pid)[role]]
        # Its work on the jobs that are asked for would be measured as well.
        with paused(processor):
            kinds = await _kinds(service, images, job)
            with bare_routes({_slug(kind): one.answer for kind, one in kinds.items()}) as bare:
                runs: Runs = {}
                for kind, one in kinds.items():
                    for connections in CONNECTIONS:
                        ours, theirs = runs.setdefault((kind, connections), ([], []))
                        for _ in range(plan.rounds):
                            ours.append(await _on_service(service, one, connections))
                            theirs.append(await _on_bare_route(*bare, one, connections))
    return _section(runs)


async def _made(folder: Path, service: Service) -> tuple[list[str], str]:
    """Return images of 100 kB, and a job that has ended."""
    small = folder / "api-small.jpg"
    small.write_bytes(_jpeg((640, 427), 100_000))
    async with client(service) as http, notifications(service) as told:
        images = [await http.upload(small) for _ in range(_MANY)]
        job = (await http.ask(images[0], [{"format": "webp", "maxDimension": 100}]))["id"]
        await told.of({job})
    return images, job


async def _kinds(service: Service, images: Sequence[str], job: str) -> dict[str, _Kind]:
    """Return the requests, about images and a job that exist; jobs that are asked for stay unfinished."""
    image, large = images[0], _jpeg((1800, 1200), 1_000_000)
    async with client(service) as http:
        asked = await http.ask(image, [{"maxDimension": 99}])
        paths = {
            "GET job": [f"/api/v1/job/{job}"],
            "GET job, unfinished": [f"/api/v1/job/{asked['id']}"],
            "GET metadata": [f"/api/v1/image/{image}/metadata"],
            "GET image": [f"/image/{image}"],
            f"GET image, {_MANY} in turn": [f"/image/{one}" for one in images],
        }
        reads = {
            kind: _Kind([get(path) for path in some], [get(_path(kind))], await http.get(some[0]))
            for kind, some in paths.items()
        }
    accepted, stored = json.dumps(asked).encode(), reads["GET metadata"].answer
    asks = [[{"maxDimension": 1 + number}] for number in range(4000)]
    return reads | {
        "POST job": _Kind(
            [job_request("/api/v1/job", image, ask) for ask in asks],
            [job_request(_path("POST job"), image, ask) for ask in asks],
            accepted,
        ),
        "upload of 1 MB": _Kind(
            [upload("/api/v1/images", large)],
            [upload(_path("upload of 1 MB"), large)],
            stored,
        ),
    }


def _jpeg(size: tuple[int, int], least_bytes: int) -> bytes:
    """Return a photo of the lowest quality that takes so many bytes."""
    photo = photograph("chelsea", size)
    for quality in range(60, 101):
        buffer = io.BytesIO()
        photo.save(buffer, "jpeg", quality=quality)
        if buffer.tell() >= least_bytes:
            break
    return buffer.getvalue()


def _slug(kind: str) -> str:
    return kind.replace(",", "").replace(" ", "-")


def _path(kind: str) -> str:
    return f"/{_slug(kind)}"


async def _on_service(service: Service, kind: _Kind, connections: int) -> _Run:
    port = urlsplit(service.api).port or 0
    with cpu_of(service.pid) as cpu:
        found = await sent(port, kind.requests, connections=connections, seconds=SECONDS)
    return _run(found, cpu[API], cpu[POSTGRES])


async def _on_bare_route(pid: int, port: int, kind: _Kind, connections: int) -> _Run:
    process = psutil.Process(pid)
    before = cpu_seconds(process)
    found = await sent(port, kind.bare, connections=connections, seconds=SECONDS)
    return _run(found, cpu_seconds(process) - before)


def _run(found: Findings, server: float, postgres: float = 0.0) -> _Run:
    requests = sum(found.answers.values())
    rate, p99 = len(found.latencies) / found.seconds, percentile(found.latencies, 0.99)
    return _Run(rate, p99, server / requests, found.cpu_seconds / requests, postgres / requests)


def _section(runs: Runs) -> Section:
    most = {
        kind: max((both for (one, _), both in runs.items() if one == kind), key=_rate_of_service) for kind, _ in runs
    }
    verdicts = [
        Verdict(f"{kind}, requests/s, times those of a bare route", _ratio(both), _OF_BARE)
        for kind, both in most.items()
        if kind in _READS
    ]
    head = (
        "request", "connections", "requests/s", "of the bare route", "… by CPU", "p99 ms", "bare p99 ms",
        "API CPU µs", "bare CPU µs", "PostgreSQL CPU µs", "client CPU µs",
    )  # fmt: skip
    words = (
        "Medians of the rounds, CPU a request. The verdicts are at the number of connections with the most requests/s."
    )
    rows = [_row(kind, connections, *both) for (kind, connections), both in runs.items()]
    return Section("API: requests against a bare Starlette route", verdicts, [Table(head, rows, words)])


def _middle(runs: Sequence[_Run], figure: Callable[[_Run], float]) -> float:
    return median(figure(run) for run in runs)


def _rate_of_service(both: tuple[list[_Run], list[_Run]]) -> float:
    return _middle(both[0], lambda run: run.rate)


def _ratio(both: tuple[list[_Run], list[_Run]]) -> float:
    return _rate_of_service(both) / _middle(both[1], lambda run: run.rate)


def _row(kind: str, connections: int, ours: list[_Run], theirs: list[_Run]) -> tuple[str, ...]:
    return (
        kind,
        f"{connections}",
        f"{_middle(ours, lambda run: run.rate):.0f}",
        f"{_ratio((ours, theirs)):.3f}",
        f"{_middle(theirs, lambda run: run.server) / _middle(ours, lambda run: run.server):.3f}",
        f"{1e3 * _middle(ours, lambda run: run.p99):.1f}",
        f"{1e3 * _middle(theirs, lambda run: run.p99):.1f}",
        f"{1e6 * _middle(ours, lambda run: run.server):.0f}",
        f"{1e6 * _middle(theirs, lambda run: run.server):.0f}",
        f"{1e6 * _middle(ours, lambda run: run.postgres):.0f}",
        f"{1e6 * _middle(ours, lambda run: run.client):.0f}",
    )
