"""A hundred jobs at once for one photo of 12 megapixels, against the bare engine and the classic tools."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from deploy.local.plan import cores
from tests.bench.pictures import photograph
from tests.bench.service.bare import Work, bare_engine, seconds_by_chain
from tests.bench.service.client import Options, client
from tests.bench.service.plan import Plan
from tests.bench.service.records import notifications
from tests.bench.service.results import Section
from tests.bench.service.rounds import BARE, SERVICE, Round, comparison
from tests.bench.service.running_in import run_in
from tests.bench.service.service import running_service
from tests.bench.service.weighing import cpu_below, cpu_of

JOBS = 100
WARM_UP: Options = {"format": "webp", "maxDimension": 64}
_FORMATS = ("jpeg", "png", "webp")


async def measure(plan: Plan) -> Section:
    """Alternate the service and the bare engine on the same jobs, then let the tools do one round of them."""
    picture = plan.work / "hundred.png"
    photograph("rocket", (4000, 3000)).save(picture)
    rng = plan.rng("hundred")
    rounds = []
    for _ in range(plan.rounds):
        options = distinct_options(rng, JOBS)
        rounds += [await _by_service(plan, picture, options), await _by_bare_engine(picture, options)]
    seconds = seconds_by_chain([Work(picture, [one]) for one in options], cores())
    rounds.append(Round("classic tools", JOBS, seconds))
    title = "Hundred jobs at once: one PNG of 12 megapixels to JPEG, PNG and WebP of 400 to 1000 pixels"
    return comparison(title, rounds, {BARE: 0.9, "classic tools": 4})


def distinct_options(rng: Random, number: int) -> list[Options]:
    """Return options of which no two are the same, so that no result could serve twice."""
    chosen: dict[tuple[int, int, str], Options] = {}
    while len(chosen) < number:
        side, quality, image_format = rng.randint(400, 1000), rng.randint(70, 95), _FORMATS[len(chosen) % 3]
        options = {"format": image_format, "maxDimension": side, "quality": quality}
        chosen.setdefault((side, quality, image_format), options)
    return list(chosen.values())


async def _by_service(plan: Plan, picture: Path, options: Sequence[Options]) -> Round:
    with running_service(plan.broker) as service:
        async with client(service) as http, notifications(service) as told:
            await run_in(http, told)
            original = await http.upload(picture)

            async def done(wanted: Sequence[Options]) -> None:
                jobs = await asyncio.gather(*(http.ask(original, [one]) for one in wanted))
                await told.of({job["id"] for job in jobs})

            await done([WARM_UP | {"quality": 1 + number} for number in range(2 * cores())])
            began = time.perf_counter()
            with cpu_of(service.pid) as cpu:
                await done(options)
            return Round(SERVICE, len(options), time.perf_counter() - began, cpu)


async def _by_bare_engine(picture: Path, options: Sequence[Options]) -> Round:
    async with bare_engine(cores(), Work(picture, [WARM_UP])) as engine:
        with cpu_below() as cpu:
            seconds = await engine.seconds_for([Work(picture, [one]) for one in options])
    return Round(BARE, len(options), seconds, cpu)
