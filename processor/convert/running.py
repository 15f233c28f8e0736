"""Runs conversions on all cores: each result appears whole or not at all, each error concerns one file only."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.options.variant import VariantOptions
from processor.convert.conversions import Conversion
from processor.convert.errors import ConversionError, ExistsError, explain, printable
from processor.convert.intake import shown_name, take_in
from processor.convert.outcomes import Converted, Failed, Outcome, Skipped
from processor.convert.placing import Placing, is_stream
from processor.engine import ImageLimits, VariantRequest
from processor.pool import ImagePool

OnDone = Callable[[Conversion, Outcome], None]


@dataclass(frozen=True, slots=True)
class Task:
    """A conversion, with its two files in the work folder.

    *original* is already there if the input was a stream; *variant* stays there if the output is one.
    """

    conversion: Conversion
    original: Path
    variant: Path


async def run(
    tasks: Sequence[Task], options: VariantOptions, *, placing: Placing, limits: ImageLimits, on_done: OnDone
) -> None:
    """Run every task, and call *on_done* as each ends."""
    workers = min(len(tasks), os.cpu_count() or 1)
    slots = asyncio.Semaphore(2 * workers)  # enough that no child waits, whatever the size of a folder

    async def finish(task: Task, pool: ImagePool) -> None:
        async with slots:
            outcome = await _outcome(task, options, placing, pool)
        on_done(task.conversion, outcome)

    async with ImagePool(workers=workers, limits=limits) as pool:
        await asyncio.gather(*(finish(task, pool) for task in tasks))


async def _outcome(task: Task, options: VariantOptions, placing: Placing, pool: ImagePool) -> Outcome:
    source = task.conversion.source
    try:
        return await _convert(task, options, placing, pool)
    except ExistsError as exc:
        return Skipped(source.name, exc.path)
    except ConversionError as exc:
        return Failed(source.name, str(exc))
    except Exception as exc:  # noqa: BLE001 - whatever a picture brings about is told of it, and the others go on
        return Failed(source.name, f"{shown_name(source)}: {printable(explain(exc))}")


async def _convert(task: Task, options: VariantOptions, placing: Placing, pool: ImagePool) -> Converted:
    conversion, started = task.conversion, time.monotonic()
    if options.format is not None:  # refuse before the work where that is known
        placing.check(conversion, conversion.target(options.format))
    try:
        before = await _size_taken_in(task)
        [made] = await pool.make(task.original, [VariantRequest(task.variant, options)])
        target = conversion.target(made.format)
        placing.check(conversion, target)
        if target is not None and not is_stream(target):
            # In a thread, which no signal interrupts: it finishes what it began.
            await asyncio.to_thread(placing.put, task.variant, conversion, target)
            task.variant.unlink()
    finally:
        task.original.unlink(missing_ok=True)
    elapsed = time.monotonic() - started
    source = conversion.source.name
    return Converted(source, target, made.format, made.width, made.height, before, made.byte_size, elapsed)


async def _size_taken_in(task: Task) -> int:
    if task.conversion.source.is_stream:
        return task.original.stat().st_size
    return await asyncio.to_thread(take_in, task.conversion.source, task.original)
