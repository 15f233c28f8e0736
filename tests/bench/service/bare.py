"""The limits: the same work by the bare engine in a loop over all cores, and by the classic tools."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from common.options.variant import VariantOptions
from processor.engine import ImageLimits, VariantRequest
from processor.pool import ImagePool
from tests.bench import chain
from tests.bench.service.client import Options

LIMITS = ImageLimits(megapixels=100, side_pixels=16384)


@dataclass(frozen=True, slots=True)
class Work:
    """A job without a service: what to make of a file."""

    original: Path
    options: Sequence[Options]


class BareEngine:
    """The pool of image processes and nothing around it."""

    def __init__(self, pool: ImagePool, folder: Path) -> None:
        self._pool = pool
        self._folder = folder

    async def seconds_for(self, works: Sequence[Work]) -> float:
        """Do *works*, as many at once as there are processes, and return how long that took."""
        requests = [self._requests(number, work) for number, work in enumerate(works)]
        began = time.perf_counter()
        await asyncio.gather(
            *(self._pool.make(work.original, wanted) for work, wanted in zip(works, requests, strict=True))
        )
        return time.perf_counter() - began

    def _requests(self, number: int, work: Work) -> list[VariantRequest]:
        return [
            VariantRequest(self._folder / f"{number}-{task}", VariantOptions.model_validate(options))
            for task, options in enumerate(work.options)
        ]


@asynccontextmanager
async def bare_engine(workers: int, warm_up: Work) -> AsyncIterator[BareEngine]:
    """Yield the engine with every process warm, as a service's are."""
    with TemporaryDirectory() as folder:
        async with ImagePool(workers=workers, limits=LIMITS) as pool:
            engine = BareEngine(pool, Path(folder))
            await engine.seconds_for([warm_up] * workers)
            yield engine


def seconds_by_chain(works: Sequence[Work], workers: int) -> float:
    """Do *works* by the classic tools, *workers* at once, and return how long that took."""
    with TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as pool:
        began = time.perf_counter()
        for done in [
            pool.submit(
                chain.make, work.original, Path(folder, f"{number}-{task}.{options['format']}"),
                options["format"], options["maxDimension"], options["quality"],
            )
            for number, work in enumerate(works)
            for task, options in enumerate(work.options)
        ]:  # fmt: skip
            done.result()
        return time.perf_counter() - began
