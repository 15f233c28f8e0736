"""One run of `icecube convert` as its user sees it: progress while it works, then what was saved."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence

from common.options import MAX_SIDE_PIXELS, VariantOptions
from processor.convert.conversions import Conversion
from processor.convert.running import Converted, Failed, Outcome, run
from processor.engine import ImageLimits

LIMITS = ImageLimits(megapixels=100, side_pixels=MAX_SIDE_PIXELS)


def run_and_report(conversions: Sequence[Conversion], options: VariantOptions, *, as_json: bool) -> bool:
    """Convert, print, and say whether everything succeeded."""
    started = time.monotonic()
    outcomes = asyncio.run(run(conversions, options, limits=LIMITS, on_done=lambda _: None))
    for outcome in outcomes:
        if isinstance(outcome, Failed):
            print(outcome.reason, file=sys.stderr)  # noqa: T201 - this is what a command does
    converted = [outcome for outcome in outcomes if isinstance(outcome, Converted)]
    if as_json:
        print(json.dumps(_as_json(outcomes)))  # noqa: T201 - this is what a command does
    elif converted:
        print(_last_line(converted, time.monotonic() - started))  # noqa: T201 - this is what a command does
    return len(converted) == len(outcomes)


def _last_line(converted: Sequence[Converted], seconds: float) -> str:
    before = sum(one.bytes_before for one in converted)
    after = sum(one.bytes_after for one in converted)
    name = str(converted[0].output) if len(converted) == 1 else f"{len(converted)} files"
    return f"{name}: {before:,} -> {after:,} bytes, {100 * (1 - after / before):.1f} % saved, {seconds:.2f} s"


def _as_json(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    return [{"source": str(outcome.source)} for outcome in outcomes]
