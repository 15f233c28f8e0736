"""One run of `icecube convert`: from the plan to the exit status, everything in between shown to its user."""

import asyncio
import time
from collections.abc import Sequence

from common.options import VariantOptions
from processor.convert import report
from processor.convert.conversions import Conversion
from processor.convert.running import Failed, run
from processor.engine import ImageLimits


def run_and_report(
    conversions: Sequence[Conversion], options: VariantOptions, *, as_json: bool, limits: ImageLimits
) -> bool:
    """Convert everything, print what became of it, and say whether all of it succeeded."""
    started = time.monotonic()
    with report.progress(len(conversions)) as on_done:
        outcomes = asyncio.run(run(conversions, options, limits=limits, on_done=on_done))
    seconds = time.monotonic() - started
    if as_json:
        report.print_json(outcomes, seconds)
    else:
        report.print_text(outcomes, seconds)
    return not any(isinstance(outcome, Failed) for outcome in outcomes)
