"""Runs `icecube convert`, from the flags to the exit status."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.options.variant import VariantOptions
from common.settings.unknown_variables import unknown_variables
from processor.convert import report
from processor.convert.conversions import format_asked_for, plan
from processor.convert.errors import ConversionError, explain, printable
from processor.convert.interruption import Interruption
from processor.convert.limits import configured_limits
from processor.convert.options import check_options
from processor.convert.outcomes import Failed, Outcome
from processor.convert.placing import Policy
from processor.convert.session import Session

EXIT_FAILED = 1


@dataclass(frozen=True, slots=True)
class Invocation:
    """The flags, as they were given."""

    arguments: Sequence[str]
    image_format: str | None
    flags: Mapping[str, Any]
    """The others of a variant's options, by their names; None where a flag was not given."""
    output: str | None
    overwrite: bool
    skip_existing: bool
    as_json: bool
    config: Path | None


def run(asked: Invocation, interruption: Interruption) -> int:
    """Convert, print the outcomes, and return the exit status.

    After a signal this process cleans up, reports, and then ends by that signal.
    """
    for warning in unknown_variables(os.environ):
        sys.stderr.write(f"icecube: {warning}\n")
    started = time.monotonic()
    outcomes: Sequence[Outcome] = []
    error: str | None = None
    try:
        outcomes = _convert(asked, interruption)
    except (ConversionError, OSError, RuntimeError) as exc:
        error = str(exc)
    if interruption.signal is not None:
        error = f"interrupted: {len(outcomes)} of the results are there"
    is_told = _tell(asked, outcomes, time.monotonic() - started, error)
    interruption.end_process()
    failed = error is not None or any(isinstance(outcome, Failed) for outcome in outcomes)
    return EXIT_FAILED if failed or not is_told else 0


def _tell(asked: Invocation, outcomes: Sequence[Outcome], seconds: float, error: str | None) -> bool:
    """Print the outcomes; say whether that was possible."""
    tell = report.print_json if asked.as_json else report.print_text
    try:
        tell(outcomes, seconds, error=error)
    except BrokenPipeError:
        raise  # typer handles it: the reader has closed the pipe
    except OSError as exc:
        with suppress(OSError):
            sys.stderr.write(f"icecube convert: what became of it cannot be printed: {explain(exc)}\n")
        return False
    return True


def _convert(asked: Invocation, interruption: Interruption) -> Sequence[Outcome]:
    if asked.overwrite and asked.skip_existing:
        message = "--overwrite and --skip-existing contradict each other"
        raise ConversionError(message)
    limits = configured_limits(asked.config)
    planned = plan(asked.arguments, asked.output)
    options = _options(asked)
    if any(not isinstance(one, Failed) and one.output is None for one in planned) and sys.stdout.isatty():
        message = "standard output is a terminal: name a file with -output"
        raise ConversionError(message)
    policy = Policy(overwrite=asked.overwrite, skip_existing=asked.skip_existing)
    return Session(options, limits, policy, interruption).convert(planned)


def _options(asked: Invocation) -> VariantOptions:
    """Return the options; raise `ConversionError` if a flag is wrong, or contradicts the output's suffix."""
    named = format_asked_for(asked.output)
    options = check_options(asked.image_format or named, asked.flags)
    if named is not None and options.format is not named:
        message = f"{printable(asked.output or '')}: the suffix stands for {named}, -format for {options.format}"
        raise ConversionError(message)
    return options
