"""Memory: fifty large uploads at once, the largest photos on every image process, and a load that goes on."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from random import Random
from statistics import median
from threading import Event, Thread

import numpy as np
from PIL import Image

from deploy.local.plan import cores
from tests.bench.pictures import photograph
from tests.bench.service.client import Client, Options, client
from tests.bench.service.plan import Plan
from tests.bench.service.records import Notifications, notifications
from tests.bench.service.results import Chart, Section, Table, Verdict
from tests.bench.service.scenarios.mixed import four_variants, write_photos
from tests.bench.service.service import Service, running_service
from tests.bench.service.weighing import API, KAFKA, peak_megabytes, resident_megabytes

UPLOADS, UPLOAD_SIDE = 50, 3200
CLIENTS = 4
_API_MEGABYTES = 200
_GROWTH = 1.05
"""What counts as none: the last fifth of the load over its second one; in the first, caches fill."""
_DRAWN_POINTS = 120
Samples = list[tuple[float, dict[str, float]]]


async def measure(plan: Plan) -> Section:
    """Weigh every process while one service goes through all three."""
    large, photo = plan.work / "memory.png", plan.work / "memory.jpg"
    _noise(UPLOAD_SIDE).save(large, compress_level=0)
    photograph("coffee", (6000, 4000)).save(photo, quality=92)
    photos = write_photos(plan.work / "memory", plan.rng("memory"), 12, largest=4)
    with running_service(plan.broker) as service:
        rows = {"at rest": resident_megabytes(service.pid)}
        async with client(service) as http, notifications(service) as told:
            await asyncio.gather(*(http.upload(large) for _ in range(UPLOADS)))
            megabytes = large.stat().st_size / 1e6
            rows[f"peak with {UPLOADS} uploads of {megabytes:.0f} MB at once"] = peak_megabytes(service.pid)
            await _largest_jobs(http, told, photo)
            rows["peak with 24 megapixels on every image process too"] = peak_megabytes(service.pid)
            with _sampled(service) as samples:
                await _load(http, told, photos, plan.rng("memory load"), plan.minutes * 60)
            rows["peak with the load too"] = peak_megabytes(service.pid)
    return _section(rows, samples, plan.minutes)


def _noise(side: int) -> Image.Image:
    """Return a square that does not pack: three bytes a pixel."""
    return Image.fromarray(np.random.default_rng(7).integers(0, 256, (side, side, 3), dtype=np.uint8))


async def _largest_jobs(http: Client, told: Notifications, photo: Path) -> None:
    original = await http.upload(photo)
    variants: list[list[Options]] = [
        [{"format": image_format, "quality": 70 + number} for image_format in ("jpeg", "webp")]
        for number in range(2 * cores())
    ]
    jobs = await asyncio.gather(*(http.ask(original, options) for options in variants))
    await told.of({job["id"] for job in jobs})


async def _load(http: Client, told: Notifications, photos: list[Path], rng: Random, seconds: float) -> None:
    """Upload, ask, wait and fetch until the time is over."""
    over, waiting = time.monotonic() + seconds, cycle(photos)

    async def serve() -> None:
        while time.monotonic() < over:
            job = await http.ask(await http.upload(next(waiting)), four_variants(rng))
            (ended,) = await told.of({job["id"]})
            await http.get(f"/image/{ended.value['variants'][-1]['id']}")

    await asyncio.gather(*(serve() for _ in range(CLIENTS)))


@contextmanager
def _sampled(service: Service) -> Iterator[Samples]:
    """Yield what will hold the memory of each role, second by second."""
    samples: Samples = []
    ended = Event()
    began = time.monotonic()

    def sample() -> None:
        while not ended.wait(1):
            samples.append((time.monotonic() - began, resident_megabytes(service.pid)))

    thread = Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def _section(rows: dict[str, dict[str, float]], samples: Samples, minutes: float) -> Section:
    names = list(rows["at rest"])
    levels = {name: _levels(samples, name) for name in names}
    peak = max(figures[API] for figures in rows.values())
    verdicts = [Verdict("peak of the API", peak, _API_MEGABYTES, " MB", "at most")]
    verdicts += [
        Verdict(f"growth of {name} under load, times", late / early, _GROWTH, bound="at most")
        for name, (early, late) in levels.items()
        if name != KAFKA  # not ours to judge
    ]
    table = [(what, *(f"{figures.get(name, 0):.0f}" for name in names)) for what, figures in rows.items()]
    table += [
        (when, *(f"{levels[name][place]:.0f}" for name in names))
        for place, when in enumerate(("median of the load's second fifth", "… of its last fifth"))
    ]
    words = "Megabytes (2^20) of the largest process of each role. Peaks count PostgreSQL's shared buffers."
    title = f"Memory: large uploads, large photos, then {minutes:g} minutes of load by {CLIENTS} clients"
    return Section(title, verdicts, [Table(("", *names), table, words)], [_chart(samples, names)])


def _levels(samples: Samples, name: str) -> tuple[float, float]:
    """Return the median of the second and of the last fifth."""
    values = [figures[name] for _, figures in samples if name in figures]
    fifth = max(1, len(values) // 5)
    return median(values[fifth : 2 * fifth]), median(values[-fifth:])


def _chart(samples: Samples, names: list[str]) -> Chart:
    drawn = samples[:: max(1, len(samples) // _DRAWN_POINTS)]
    points = {name: [(round(at), round(figures.get(name, 0), 1)) for at, figures in drawn] for name in names}
    return Chart("lines", "MB of the largest process", points)
