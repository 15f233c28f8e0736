"""What `icecube convert` prints: results on standard output, progress and errors on standard error."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from processor.convert.running import Converted, Failed, Outcome


@contextmanager
def progress(total: int) -> Iterator[Callable[[Outcome], None]]:
    """Yield what to call for each outcome; a bar moves when there are several and a terminal to see it."""
    if total == 1 or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import, and not needed for one file
    from rich.progress import Progress  # noqa: PLC0415 - slow to import, and not needed for one file

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Converting", total=total)
        yield lambda _: bar.advance(task)


def print_text(outcomes: Sequence[Outcome], seconds: float) -> None:
    """Print a line for each failure, a table where there are several results, and the sum in a last line."""
    for outcome in outcomes:
        if isinstance(outcome, Failed):
            _print(outcome.reason, file=sys.stderr)
    converted = _converted(outcomes)
    if len(converted) > 1:
        _print_table(converted)
    if converted:
        name = str(converted[0].output) if len(converted) == 1 else f"{len(converted)} files"
        before, after, saved = _sums(converted)
        _print(f"{name}: {before:,} -> {after:,} bytes, {saved:.1f} % saved, {seconds:.2f} s")


def print_json(outcomes: Sequence[Outcome], seconds: float) -> None:
    """Print one object: every file in the order given, and the sums."""
    before, after, saved = _sums(_converted(outcomes))
    files = [_as_json(outcome) for outcome in outcomes]
    sums = {"bytesBefore": before, "bytesAfter": after, "savedPercent": round(saved, 1), "seconds": round(seconds, 3)}
    _print(json.dumps({"files": files, **sums}))


def _as_json(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Failed):
        return {"input": str(outcome.source), "error": outcome.reason}
    return {
        "input": str(outcome.source),
        "output": str(outcome.output),
        "format": outcome.format.value,
        "width": outcome.width,
        "height": outcome.height,
        "bytesBefore": outcome.bytes_before,
        "bytesAfter": outcome.bytes_after,
        "seconds": round(outcome.seconds, 3),
    }


def _print_table(converted: Sequence[Converted]) -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to import, and not needed for one file
    from rich.table import Table  # noqa: PLC0415 - slow to import, and not needed for one file

    table = Table("file", "pixels", "before", "after", "saved")
    for one in converted:
        sizes = f"{one.bytes_before:,}", f"{one.bytes_after:,}", f"{_saved(one.bytes_before, one.bytes_after):.1f} %"
        table.add_row(str(one.output), f"{one.width} x {one.height}", *sizes)
    Console().print(table)


def _converted(outcomes: Sequence[Outcome]) -> list[Converted]:
    return [outcome for outcome in outcomes if isinstance(outcome, Converted)]


def _sums(converted: Sequence[Converted]) -> tuple[int, int, float]:
    before = sum(one.bytes_before for one in converted)
    after = sum(one.bytes_after for one in converted)
    return before, after, _saved(before, after)


def _saved(before: int, after: int) -> float:
    return 100 * (1 - after / before) if before else 0.0


def _print(line: str, file: Any = None) -> None:
    print(line, file=file)
