"""How jobs a second grow with image processes and processors, until the cores are full."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from deploy.local.plan import cores
from tests.bench.pictures import photograph
from tests.bench.service.bare import Work, bare_engine
from tests.bench.service.client import Options, client
from tests.bench.service.plan import Plan
from tests.bench.service.records import notifications
from tests.bench.service.results import Section, Table, Verdict
from tests.bench.service.running_in import run_in
from tests.bench.service.service import running_service
from tests.bench.service.weighing import Spent, cpu_below, cpu_of

_JOBS_A_PROCESS = 80
_OF_BARE = _OF_LINEAR = 0.9


@dataclass(frozen=True, slots=True)
class _Run:
    """Jobs a second, and the CPU seconds that a job took from everybody who had a part in it."""

    rate: float
    cpu_a_job: float


async def measure(plan: Plan) -> Section:
    """Do jobs with one and two processors of one and two image processes each; the embedded broker serves one."""
    picture = plan.work / "scale.jpg"
    photograph("rocket", (4000, 3000)).save(picture, quality=90)
    shapes = [(1, 1), (1, 2), (2, 1), (2, 2)] if plan.broker == "apache" else [(1, 1), (1, 2)]
    runs = {shape: await _runs(plan, picture, *shape) for shape in shapes}
    one, bare_one = runs[shapes[0]]
    verdicts = [Verdict("jobs/s of 1 of 1, times the bare engine's", one.rate / bare_one.rate, _OF_BARE)]
    verdicts += [
        Verdict(
            f"jobs/s of {_words(shape)}, times linear growth up to full cores", _of_linear(run, one, shape), _OF_LINEAR
        )
        for shape, (run, _) in runs.items()
        if shape != shapes[0]
    ]
    rows = [_row(shape, run, bare, one) for shape, (run, bare) in runs.items()]
    head = (
        "processors of image processes", "jobs/s", "times 1 of 1", "CPU ms a job", "of the cores",
        "of linear up to full cores", "bare engine, jobs/s", "of it",
    )  # fmt: skip
    words = "Linear up to full cores: so many times 1 of 1, or what the time of all cores allows where that is less."
    return Section("Scale: photos of 12 megapixels to WebP of some 800 pixels", verdicts, [Table(head, rows, words)])


def _words(shape: tuple[int, int]) -> str:
    return f"{shape[0]} of {shape[1]}"


def _of_linear(run: _Run, one: _Run, shape: tuple[int, int]) -> float:
    """Return the share of what there would be if every image process added as much as the first, while cores last."""
    return run.rate / min(shape[0] * shape[1] * one.rate, cores() / run.cpu_a_job)


def _row(shape: tuple[int, int], run: _Run, bare: _Run, one: _Run) -> tuple[str, ...]:
    return (
        _words(shape), f"{run.rate:.1f}", f"{run.rate / one.rate:.2f}", f"{1000 * run.cpu_a_job:.0f}",
        f"{run.rate * run.cpu_a_job / cores():.2f}", f"{_of_linear(run, one, shape):.2f}",
        f"{bare.rate:.1f}", f"{run.rate / bare.rate:.2f}",
    )  # fmt: skip


async def _runs(plan: Plan, picture: Path, processors: int, workers: int) -> tuple[_Run, _Run]:
    """Return the medians of the service and of the bare engine, which take turns."""
    processes = processors * workers
    options = [_options(number) for number in range(_JOBS_A_PROCESS * processes)]
    served, bare = [], []
    for _ in range(plan.rounds):
        served.append(await _by_service(plan, picture, options, processors=processors, workers=workers))
        bare.append(await _by_bare_engine(picture, options, processes))
    return _median(served), _median(bare)


def _median(runs: Sequence[_Run]) -> _Run:
    return _Run(median(run.rate for run in runs), median(run.cpu_a_job for run in runs))


def _options(number: int) -> Options:
    """Return options of which no two are the same, though they are about the same work."""
    return {"format": "webp", "maxDimension": 760 + number % 80, "quality": 75 + number // 80}


async def _by_service(plan: Plan, picture: Path, options: Sequence[Options], *, processors: int, workers: int) -> _Run:
    with running_service(plan.broker, processors=processors, ICECUBE_SERVER_MAX_WORKERS=str(workers)) as service:
        async with client(service) as http, notifications(service) as told:
            await run_in(http, told)
            original = await http.upload(picture)

            async def done(wanted: Sequence[Options]) -> float:
                began = time.perf_counter()
                jobs = await asyncio.gather(*(http.ask(original, [one]) for one in wanted))
                await told.of({job["id"] for job in jobs})
                return time.perf_counter() - began

            # So many that each processor gets some: which partition a job falls into is chance.
            await done([_options(number) | {"maxDimension": 64} for number in range(16 * processors * workers)])
            with cpu_of(service.pid) as cpu:
                seconds = await done(options)
            return _run(options, seconds, cpu)


async def _by_bare_engine(picture: Path, options: Sequence[Options], processes: int) -> _Run:
    async with bare_engine(processes, Work(picture, [_options(0) | {"maxDimension": 64}])) as engine:
        with cpu_below() as cpu:
            seconds = await engine.seconds_for([Work(picture, [one]) for one in options])
        return _run(options, seconds, cpu)


def _run(options: Sequence[Options], seconds: float, cpu: Spent) -> _Run:
    return _Run(len(options) / seconds, sum(cpu.values()) / len(options))
