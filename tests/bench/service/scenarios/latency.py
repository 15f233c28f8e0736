"""One small job at a time on an idle service: how long from the upload to the notification, and where the time goes."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import mean

from prometheus_client.parser import text_string_to_metric_families

from tests.bench.pictures import photograph
from tests.bench.service.bare import BareEngine, Work, bare_engine
from tests.bench.service.client import Client, Options, client
from tests.bench.service.plan import BrokerKind, Plan
from tests.bench.service.records import Notifications, Record, all_records, notifications
from tests.bench.service.results import Chart, Section, Table, Verdict, percentile
from tests.bench.service.service import Service, running_service

JOBS, WARM_UPS = 100, 10
_ADDED: dict[BrokerKind, float] = {"apache": 0.060, "embedded": 0.150}
"""Seconds that the service may add to the image's own, at the median."""
_NAMES: dict[BrokerKind, str] = {"apache": "Apache Kafka", "embedded": "embedded broker"}
Waterfall = list[tuple[str, float]]


async def measure(plan: Plan) -> Section:
    """Measure on the embedded broker, and on Apache Kafka where it runs."""
    picture = plan.work / "latency.jpg"
    photograph("coffee", (1200, 800)).save(picture, quality=90)
    brokers: list[BrokerKind] = ["apache", "embedded"] if plan.broker == "apache" else ["embedded"]
    found = [await _on(broker, picture) for broker in brokers]
    head = ("broker", "p50 ms", "p95 ms", "p99 ms", "image alone, p50 ms")
    words = f"{JOBS} jobs each, and the same by the bare engine in turn with them."
    charts = [Chart("waterfall", "mean milliseconds", {one.name: one.waterfall for one in found})]
    title = "Latency: a photo of one megapixel to a WebP of some 400 pixels, one job at a time"
    tables = [Table(head, [one.row for one in found], words), _steps(found)]
    return Section(title, [one.verdict for one in found], tables, charts)


class _Found:
    """What was measured on one broker."""

    def __init__(self, broker: BrokerKind, took: Sequence[float], image: Sequence[float], steps: Waterfall) -> None:
        alone = percentile(image, 0.5)
        self.name = _NAMES[broker]
        self.waterfall = steps
        shares = [1000 * percentile(took, share) for share in (0.5, 0.95, 0.99)]
        self.row = (self.name, *(f"{one:.1f}" for one in [*shares, 1000 * alone]))
        limit = 1000 * (alone + _ADDED[broker])
        what = f"p50 on {self.name}, against the image's own + {1000 * _ADDED[broker]:.0f} ms"
        self.verdict = Verdict(what, shares[0], limit, " ms", "at most")


async def _on(broker: BrokerKind, picture: Path) -> _Found:
    took, image, laps = [], [], []
    with running_service(broker, ICECUBE_SERVER_MAX_WORKERS="1") as service:
        async with client(service) as http, notifications(service) as told, _engine(picture) as engine:
            for number in range(WARM_UPS):
                await _one_job(http, told, picture, _options(number))
            before = await _stage_seconds(http, service)
            for number in range(WARM_UPS, WARM_UPS + JOBS):
                laps.append(await _one_job(http, told, picture, _options(number)))
                took.append(laps[-1].read_at - laps[-1].began_at)
                image.append(await engine.seconds_for([Work(picture, [_options(number)])]))
            after = await _stage_seconds(http, service)
        stages = {stage: (after[stage] - before[stage]) / JOBS for stage in after}
        return _Found(broker, took, image, _waterfall(service, laps, stages))


def _engine(picture: Path) -> AbstractAsyncContextManager[BareEngine]:
    return bare_engine(1, Work(picture, [_options(0)]))


def _options(number: int) -> Options:
    """Return options of which no two are the same, though they are about the same work."""
    return {"format": "webp", "maxDimension": 380 + number % 40, "quality": 75 + number // 40}


@dataclass(frozen=True, slots=True)
class _Lap:
    """What a client knows of its job; seconds since the epoch."""

    began_at: float
    uploaded_at: float
    accepted_at: float
    notification: Record

    @property
    def read_at(self) -> float:
        """When the client has read that the job is done."""
        return self.notification.read_at


async def _one_job(http: Client, told: Notifications, picture: Path, options: Options) -> _Lap:
    began_at = time.time()
    original = await http.upload(picture)
    uploaded_at = time.time()
    job = await http.ask(original, [options])
    (notification,) = await told.of({job["id"]})
    return _Lap(began_at, uploaded_at, datetime.fromisoformat(job["createdAt"]).timestamp(), notification)


async def _stage_seconds(http: Client, service: Service) -> dict[str, float]:
    """Return the seconds that the processor has spent in each stage so far."""
    families = text_string_to_metric_families((await http.get(service.metrics)).decode())
    samples = (sample for family in families for sample in family.samples)
    return {one.labels["stage"]: one.value for one in samples if one.name == "icecube_stage_seconds_sum"}


def _waterfall(service: Service, laps: Sequence[_Lap], stages: Mapping[str, float]) -> Waterfall:
    """Return the mean milliseconds of each step: of those inside a processor its metrics tell nothing else."""
    requested = {record.job_id: record for record in all_records(service, "icecube.jobs")}
    results = all_records(service, "icecube.results")
    started = {record.job_id: record for record in results if record.value["type"] == "JobStarted"}
    ended = {record.job_id: record for record in results if record.value["type"] == "JobSucceeded"}
    steps: dict[str, list[float]] = {}
    for lap in laps:
        end, job = lap.notification, lap.notification.job_id
        work = ended[job].event_at - started[job].event_at
        image = stages["decode_resize"] + stages["encode"]
        for step, seconds in {
            "upload": lap.uploaded_at - lap.began_at,
            "job asked for": lap.accepted_at - lap.uploaded_at,
            "commit and relay": requested[job].sent_at - lap.accepted_at,
            "Kafka to processor": started[job].event_at - requested[job].sent_at,
            "start told, folder": work - stages["fetch"] - stages["make"] - stages["store"],
            "original": stages["fetch"],
            "image process and back": stages["make"] - image,
            "image itself": image,
            "store": stages["store"],
            "result to API": end.event_at - ended[job].event_at,
            "commit and relay again": end.sent_at - end.event_at,
            "Kafka to reader": end.read_at - end.sent_at,
        }.items():
            steps.setdefault(step, []).append(1000 * seconds)
    return [(step, mean(values)) for step, values in steps.items()]


def _steps(found: Sequence[_Found]) -> Table:
    rows = [(step, *(f"{dict(one.waterfall)[step]:.1f}" for one in found)) for step, _ in found[0].waterfall]
    words = "Where the time goes: means, from the times in events, on records and in the processor's metrics."
    return Table(("step", *(f"{one.name}, ms" for one in found)), rows, words)
