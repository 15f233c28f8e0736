"""How jobs a second grow with image processes and processors, each against the bare engine with as many processes."""

import asyncio
import time
from collections.abc import Sequence
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

_JOBS_A_PROCESS = 60
_OF_BARE = 0.9


async def measure(plan: Plan) -> Section:
    """Do jobs with one and two processors of one and two image processes each; the embedded broker serves one."""
    picture = plan.work / "scale.jpg"
    photograph("rocket", (4000, 3000)).save(picture, quality=90)
    rows, verdicts = [], []
    for processors, workers in [(1, 1), (1, 2), (2, 1), (2, 2)] if plan.broker == "apache" else [(1, 1), (1, 2)]:
        processes = processors * workers
        served, bare = await _rates(plan, picture, processors, workers)
        rows.append((f"{processors} of {workers}", f"{served:.1f}", f"{bare:.1f}", f"{served / bare:.2f}"))
        if processes <= cores():
            what = f"jobs/s of {processors} of {workers}, times the bare engine's with {processes}"
            verdicts.append(Verdict(what, served / bare, _OF_BARE))
    head = ("processors of image processes", "jobs/s", "bare engine, jobs/s", "of it")
    return Section("Scale: photos of 12 megapixels to WebP of some 800 pixels", verdicts, [Table(head, rows)])


async def _rates(plan: Plan, picture: Path, processors: int, workers: int) -> tuple[float, float]:
    """Return the jobs a second of the service and of the bare engine, which take turns."""
    processes = processors * workers
    options = [_options(number) for number in range(_JOBS_A_PROCESS * processes)]
    served, bare = [], []
    for _ in range(plan.rounds):
        served.append(await _by_service(plan, picture, options, processors=processors, workers=workers))
        bare.append(await _by_bare_engine(picture, options, processes))
    return len(options) / median(served), len(options) / median(bare)


def _options(number: int) -> Options:
    """Return options of which no two are the same, though they are about the same work."""
    return {"format": "webp", "maxDimension": 760 + number % 80, "quality": 75 + number // 80}


async def _by_service(plan: Plan, picture: Path, options: Sequence[Options], *, processors: int, workers: int) -> float:
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
            return await done(options)


async def _by_bare_engine(picture: Path, options: Sequence[Options], processes: int) -> float:
    async with bare_engine(processes, Work(picture, [_options(0) | {"maxDimension": 64}])) as engine:
        return await engine.seconds_for([Work(picture, [one]) for one in options])
