"""Runs conversions over all cores, each result appearing whole or not at all."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.formats import ImageFormat
from common.options import VariantOptions
from processor.convert.conversions import Conversion, ConversionError
from processor.engine import ImageLimits, ImageRefusedError, VariantRequest
from processor.pool import ImagePool, WorkerLostError


@dataclass(frozen=True, slots=True)
class Converted:
    """A conversion that succeeded; sizes in bytes."""

    source: Path
    output: Path
    format: ImageFormat
    width: int
    height: int
    bytes_before: int
    bytes_after: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """A conversion that left no file, and the reason in one line."""

    source: Path
    reason: str


Outcome = Converted | Failed


async def run(
    conversions: Sequence[Conversion],
    options: VariantOptions,
    *,
    limits: ImageLimits,
    on_done: Callable[[Outcome], None],
) -> list[Outcome]:
    """Convert everything, telling *on_done* of each as it ends; return the outcomes in the order given."""
    workers = min(len(conversions), os.cpu_count() or 1)
    slots = asyncio.Semaphore(2 * workers)  # enough that no child waits, and that a folder of any size is no burden
    taken: set[Path] = set()

    async def finished(conversion: Conversion, pool: ImagePool) -> Outcome:
        async with slots:
            outcome = await _outcome(conversion, options, pool, taken)
        on_done(outcome)
        return outcome

    folders = {path.parent for one in conversions for path in (one.source, one.output)}
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    async with ImagePool(workers=workers, limits=limits, folders=sorted(folders)) as pool:
        return await asyncio.gather(*(finished(conversion, pool) for conversion in conversions))


async def _outcome(conversion: Conversion, options: VariantOptions, pool: ImagePool, taken: set[Path]) -> Outcome:
    try:
        return await _converted(conversion, options, pool, taken)
    except (ConversionError, OSError) as exc:
        return Failed(conversion.source, str(exc))
    except (ImageRefusedError, WorkerLostError) as exc:
        return Failed(conversion.source, f"{conversion.source}: {exc.reason}")


async def _converted(conversion: Conversion, options: VariantOptions, pool: ImagePool, taken: set[Path]) -> Converted:
    started = time.monotonic()
    if options.format is not None:
        conversion.target(options.format)  # refuse before the work where that is known
    partial = conversion.output.with_name(f".{conversion.output.name}.partial")
    try:
        [made] = await pool.make(conversion.source, [VariantRequest(partial, options)])
        target = _claimed(conversion.target(made.format), taken)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    before = conversion.source.stat().st_size
    elapsed = time.monotonic() - started
    return Converted(conversion.source, target, made.format, made.width, made.height, before, made.byte_size, elapsed)


def _claimed(target: Path, taken: set[Path]) -> Path:
    if target in taken:
        message = f"{target}: another input already became this file"
        raise ConversionError(message)
    taken.add(target)
    return target
