"""Sixty photos of 1 to 24 megapixels, uploaded and processed by eight clients, four variants each."""

import asyncio
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from deploy.local.plan import cores
from tests.bench.pictures import photograph
from tests.bench.service.bare import Work, bare_engine
from tests.bench.service.client import Client, Options, client
from tests.bench.service.plan import Plan
from tests.bench.service.records import Notifications, notifications
from tests.bench.service.results import Section
from tests.bench.service.rounds import BARE, SERVICE, Round, comparison
from tests.bench.service.running_in import run_in
from tests.bench.service.service import running_service
from tests.bench.service.weighing import cpu_below, cpu_of

PHOTOS, CLIENTS = 60, 8
_SMALLEST, _LARGEST = 1, 24
_NAMES = ("astronaut", "coffee", "chelsea", "rocket")
_SIDES = {"thumbnail": (80, 320), "card": (400, 800), "page": (800, 1400), "screen": (1600, 2400)}
_FORMATS = ("png", "jpeg", "webp", "webp")


async def measure(plan: Plan) -> Section:
    """Alternate the service, with the uploads, and the bare engine, with the files in place."""
    rng = plan.rng("mixed")
    photos = write_photos(plan.work / "mixed", rng, PHOTOS)
    rounds = []
    for _ in range(plan.rounds):
        works = [Work(photo, four_variants(rng)) for photo in photos]
        rounds += [await _by_service(plan, works), await _by_bare_engine(works)]
    title = f"Mixed: {PHOTOS} photos of {_SMALLEST} to {_LARGEST} megapixels, {CLIENTS} clients, four variants each"
    return comparison(title, rounds, {BARE: 0.85})


def write_photos(folder: Path, rng: Random, number: int, *, largest: float = _LARGEST) -> list[Path]:
    """Write photos from one megapixel to *largest*, small ones more often: of 24, half have less than 5."""
    folder.mkdir()
    paths = []
    for count in range(number):
        pixels = 1e6 * math.exp(rng.uniform(math.log(_SMALLEST), math.log(largest)))
        width = round(math.sqrt(pixels * 4 / 3))
        path = folder / f"{count}.jpg"
        photograph(rng.choice(_NAMES), (width, round(pixels / width))).save(path, quality=rng.randint(85, 95))
        paths.append(path)
    return paths


def four_variants(rng: Random) -> list[Options]:
    """Return what a web site asks for: from a thumbnail to the screen's width."""
    return [
        {"format": image_format, "maxDimension": rng.randint(*sides), "quality": rng.randint(70, 90)}
        for image_format, sides in zip(_FORMATS, _SIDES.values(), strict=True)
    ]


async def _by_service(plan: Plan, works: Sequence[Work]) -> Round:
    with running_service(plan.broker) as service:
        async with client(service) as http, notifications(service) as told:
            await run_in(http, told)
            await asyncio.gather(*(_processed(http, told, work) for work in _warm_ups(works)))
            waiting = iter(works)
            began = time.perf_counter()
            with cpu_of(service.pid) as cpu:
                await asyncio.gather(*(_serve(http, told, waiting) for _ in range(CLIENTS)))
            seconds = time.perf_counter() - began
    return Round(SERVICE, len(works), seconds, cpu, sum(work.original.stat().st_size for work in works))


def _warm_ups(works: Sequence[Work]) -> list[Work]:
    smallest = min((work.original for work in works), key=lambda path: path.stat().st_size)
    return [Work(smallest, [{"format": "webp", "maxDimension": 64, "quality": 1 + n}]) for n in range(2 * cores())]


async def _serve(http: Client, told: Notifications, waiting: Iterator[Work]) -> None:
    for work in waiting:
        await _processed(http, told, work)


async def _processed(http: Client, told: Notifications, work: Work) -> None:
    job = await http.ask(await http.upload(work.original), work.options)
    await told.of({job["id"]})


async def _by_bare_engine(works: Sequence[Work]) -> Round:
    async with bare_engine(cores(), _warm_ups(works)[0]) as engine:
        with cpu_below() as cpu:
            seconds = await engine.seconds_for(works)
    return Round(BARE, len(works), seconds, cpu, sum(work.original.stat().st_size for work in works))
