"""How soon everything is there: `icecube up` from nothing and from a folder, and `icecube convert` of one file."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench.pictures import photograph
from tests.bench.service.bare import Work, bare_engine
from tests.bench.service.plan import Plan
from tests.bench.service.results import Section, Table, Verdict
from tests.bench.service.weighing import resident_megabytes
from tests.services.icecube import started_icecube

_ROUNDS = 3
_NEW, _KEPT, _CONVERT = 4.0, 2.0, 0.6
"""Seconds: from nothing; from an existing folder; of `icecube convert` beside the image's own."""


async def measure(plan: Plan) -> Section:
    """Start and stop in turn; with the embedded broker, as `icecube up` does when nothing is configured."""
    new: list[float] = []
    kept: list[float] = []
    resident: dict[str, float] = {}
    for _ in range(_ROUNDS):
        with TemporaryDirectory(prefix="icecube-bench-") as name:
            new.append(_start(Path(name))[0])
            seconds, resident = _start(Path(name))
            kept.append(seconds)
    picture = plan.work / "start.jpg"
    photograph("coffee", (4000, 3000)).save(picture, quality=90)
    convert, image = [], []
    options = {"format": "webp", "maxDimension": 1000}
    async with bare_engine(1, Work(picture, [options])) as engine:
        for number in range(2 * _ROUNDS):
            convert.append(_convert(picture, plan.work / f"start-{number}.webp"))
            image.append(await engine.seconds_for([Work(picture, [options])]))
    verdicts = [
        Verdict("`icecube up` from nothing", median(new), _NEW, " s", "at most"),
        Verdict("`icecube up` from an existing folder", median(kept), _KEPT, " s", "at most"),
        Verdict(
            "`icecube convert`, against the image's own + 0.6 s",
            median(convert),
            median(image) + _CONVERT,
            " s",
            "at most",
        ),
    ]
    times = {"up, from nothing": new, "up, existing folder": kept, "convert": convert, "the image alone": image}
    return Section("Start", verdicts, [_seconds(times), _memory(resident)])


def _start(folder: Path) -> tuple[float, dict[str, float]]:
    """Return how long `icecube up` took until every part was ready, and the memory that each then holds."""
    began = time.perf_counter()
    with started_icecube(folder, durable=True) as (process, _):
        return time.perf_counter() - began, resident_megabytes(process.pid)


def _convert(picture: Path, output: Path) -> float:
    words = ["convert", str(picture), "--max-dimension", "1000", "--output", str(output)]
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "deploy.cli", *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _seconds(times: dict[str, list[float]]) -> Table:
    rows = [(what, f"{min(taken):.2f}", f"{median(taken):.2f}", f"{max(taken):.2f}") for what, taken in times.items()]
    return Table(("seconds", "least", "median", "most"), rows)


def _memory(resident: dict[str, float]) -> Table:
    rows = [(role, f"{megabytes:.0f}") for role, megabytes in resident.items()]
    return Table(("memory at rest, largest process", "MB"), rows)
