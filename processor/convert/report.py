"""Prints for `icecube convert`: results on standard output, progress and errors on standard error.

If an image goes to standard output, results are printed on standard error.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO, assert_never

from processor.convert.errors import printable
from processor.convert.outcomes import Converted, Failed, Outcome, Skipped

Advance = Callable[[], None]


@contextmanager
def progress(total: int) -> Iterator[Advance]:
    """Yield a function to call for each outcome; it moves a bar if there are several and a terminal."""
    if total == 1 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import, and not needed for one file
    from rich.progress import Progress  # noqa: PLC0415 - slow to import, and not needed for one file

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Converting", total=total)
        yield lambda: bar.advance(task)


def print_text(outcomes: Sequence[Outcome], seconds: float, *, error: str | None = None) -> None:
    """Print a line for each failure, a table of several results, and the sum in a last line."""
    for outcome in outcomes:
        if isinstance(outcome, Failed):
            _print(outcome.reason, sys.stderr)
    out = _stream_for(outcomes)
    converted = _converted(outcomes)
    if len(converted) > 1:
        _print_table(converted, out)
    if converted:
        name = _name(converted[0]) if len(converted) == 1 else f"{len(converted)} files"
        before, after, saved = _sums(converted)
        _print(f"{name}: {before:,} -> {after:,} bytes, {saved:.1f} % saved, {seconds:.2f} s", out)
    if skipped := sum(isinstance(outcome, Skipped) for outcome in outcomes):
        _print(f"{skipped} passed over: the result exists", out)
    if error is not None:
        _print(error, sys.stderr)


def print_json(outcomes: Sequence[Outcome], seconds: float, *, error: str | None = None) -> None:
    """Print one object: every file in the order given, the sums, and what stopped the run, if anything did."""
    before, after, saved = _sums(_converted(outcomes))
    files = [_as_json(outcome) for outcome in outcomes]
    sums = {"bytesBefore": before, "bytesAfter": after, "savedPercent": round(saved, 1), "seconds": round(seconds, 3)}
    stopped = {} if error is None else {"error": error}
    _print(json.dumps({"files": files, **sums, **stopped}), _stream_for(outcomes))


def _stream_for(outcomes: Sequence[Outcome]) -> TextIO:
    is_taken = any(outcome.output is None for outcome in _converted(outcomes))
    return sys.stderr if is_taken else sys.stdout


def _as_json(outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Failed():
            return {"input": outcome.source, "error": outcome.reason}
        case Skipped():
            return {"input": outcome.source, "output": str(outcome.output), "skipped": True}
        case Converted():
            return {
                "input": outcome.source,
                "output": "-" if outcome.output is None else str(outcome.output),
                "format": outcome.format.value,
                "width": outcome.width,
                "height": outcome.height,
                "bytesBefore": outcome.bytes_before,
                "bytesAfter": outcome.bytes_after,
                "seconds": round(outcome.seconds, 3),
            }
        case _:
            assert_never(outcome)


def _print_table(converted: Sequence[Converted], out: TextIO) -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to import, and not needed for one file
    from rich.table import Table  # noqa: PLC0415 - slow to import, and not needed for one file
    from rich.text import Text  # noqa: PLC0415 - slow to import, and not needed for one file

    table = Table("file", "pixels", "before", "after", "saved")
    for one in converted:
        sizes = f"{one.bytes_before:,}", f"{one.bytes_after:,}", f"{_saved(one.bytes_before, one.bytes_after):.1f} %"
        table.add_row(Text(_name(one)), f"{one.width} x {one.height}", *sizes)  # names are not markup
    Console(file=out).print(table)


def _name(converted: Converted) -> str:
    return "standard output" if converted.output is None else printable(str(converted.output))


def _converted(outcomes: Sequence[Outcome]) -> list[Converted]:
    return [outcome for outcome in outcomes if isinstance(outcome, Converted)]


def _sums(converted: Sequence[Converted]) -> tuple[int, int, float]:
    before = sum(one.bytes_before for one in converted)
    after = sum(one.bytes_after for one in converted)
    return before, after, _saved(before, after)


def _saved(before: int, after: int) -> float:
    return 100 * (1 - after / before) if before else 0.0


def _print(line: str, file: TextIO) -> None:
    print(line, file=file, flush=True)
