"""One contender makes one variant again and again in a process of its own, and tells what that took."""

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine import ImageLimits, VariantRequest
from processor.pool import ImagePool
from tests.bench import chain

Make = Callable[[Path, Path, str, int, int], Awaitable[None]]
LIMITS = ImageLimits(megapixels=100, side_pixels=16384)
_SCHEDULED = 2
"""The kind of another process's clock that clock_getcpuclockid(3) asks for, in the kernel's numbering."""


async def by_chain(original: Path, output: Path, image_format: str, side: int, quality: int) -> None:
    """Make the variant by the classic tools."""
    chain.make(original, output, image_format, side, quality)


async def by_pillow(original: Path, output: Path, image_format: str, side: int, quality: int) -> None:
    """Make the variant as Pillow's manual has it."""
    from PIL import Image, ImageOps  # noqa: PLC0415 - no contender carries another's memory

    with Image.open(original) as image:
        image.draft("RGB", (side, side))
        small: Any = ImageOps.exif_transpose(image)
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
        if image_format == "png":
            small = small.quantize(256, method=Image.Quantize.FASTOCTREE)
        elif image_format == "jpeg":
            small = small.convert("RGB")
        small.save(output, image_format, quality=quality, optimize=True)


async def by_libvips(original: Path, output: Path, image_format: str, side: int, quality: int) -> None:
    """Make the variant by libvips' own thumbnail and encoders, in a bare loop."""
    import pyvips  # noqa: PLC0415 - no contender carries another's memory

    pyvips.concurrency_set(1)
    pyvips.cache_set_max(0)
    image = pyvips.Image.thumbnail(str(original), side, height=side, size="down", output_profile="srgb")
    match image_format:
        case "jpeg":
            image.jpegsave(str(output), Q=quality, keep="none", background=255, optimize_coding=True)
        case "webp":
            image.webpsave(str(output), Q=quality, keep="none", effort=4)
        case _:
            image.pngsave(str(output), Q=quality, keep="none", palette=True)


async def by_bare_engine(original: Path, output: Path, image_format: str, side: int, quality: int) -> None:
    """Make the variant by the engine's recipe, in a bare loop without its pool."""
    from processor.engine.libvips import set_up_libvips  # noqa: PLC0415 - no contender carries another's memory
    from tests.doubles.engine import make_files  # noqa: PLC0415 - no contender carries another's memory

    os.environ["RAYON_NUM_THREADS"] = "1"
    set_up_libvips()
    make_files(original, [_request(output, image_format, side, quality)], LIMITS)


CONTENDERS: dict[str, Make] = {
    "chain": by_chain,
    "pillow": by_pillow,
    "libvips": by_libvips,
    "bare engine": by_bare_engine,
}
ENGINE = "engine"


async def measure(name: str, rounds: int, *task: Any) -> dict[str, float]:
    """Return the median seconds of wall and CPU and the peak megabytes of *rounds* times *task*, after one more."""
    if name != ENGINE:
        return await _measured(CONTENDERS[name], rounds, *task)
    async with ImagePool(workers=1, limits=LIMITS) as pool:

        async def by_pool(original: Path, output: Path, image_format: str, side: int, quality: int) -> None:
            await pool.make(original, [_request(output, image_format, side, quality)])

        return await _measured(by_pool, rounds, *task)


async def _measured(make: Make, rounds: int, *task: Any) -> dict[str, float]:
    await make(*task)
    walls, cpu = [], _cpu_seconds()
    for _ in range(max(1, rounds)):
        began = time.perf_counter()
        await make(*task)
        walls.append(time.perf_counter() - began)
    median = sorted(walls)[len(walls) // 2]
    return {"wall": median, "cpu": (_cpu_seconds() - cpu) / max(1, rounds), "megabytes": _peak_megabytes()}


def _cpu_seconds() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime + sum(_cpu_seconds_of(process.pid) for process in _processes())


def _cpu_seconds_of(pid: int) -> float:
    """Return a process's CPU time to the nanosecond: /proc has hundredths of a second, a tenth of a small job."""
    return time.clock_gettime(~pid << 3 | _SCHEDULED)


def _peak_megabytes() -> float:
    """Return the most that one process of this tree ever held."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max([ended, *(_peak_kilobytes(process.pid) for process in _processes())]) / 1024


def _peak_kilobytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def _processes() -> list[psutil.Process]:
    this = psutil.Process()
    return [this, *this.children(recursive=True)]


def _request(output: Path, image_format: str, side: int, quality: int) -> VariantRequest:
    options = VariantOptions(format=ImageFormat(image_format), max_dimension=side, quality=quality)
    return VariantRequest(output, options)


def main() -> None:
    """Print the measurement as JSON; the arguments are those of `measure`, in the order of `by_chain`'s."""
    name, rounds, original, output, image_format, side, quality = sys.argv[1:]
    task = Path(original), Path(output), image_format, int(side), int(quality)
    sys.stdout.write(json.dumps(asyncio.run(measure(name, int(rounds), *task))))


if __name__ == "__main__":
    main()
