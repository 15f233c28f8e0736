"""Checks every case, two at a time; exit status 1 when a verdict is not the one expected.

`python -m tests.model life_cycle.pml` checks one model, and tells its counterexamples.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.model.cases import Case, cases
from tests.model.checker import Outcome, check


def main() -> int:
    """Check the cases that were asked for and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.model")
    parser.add_argument("models", nargs="*", help="models to check, with their counterexamples; all without")
    wanted = parser.parse_args().models
    chosen = [case for case in cases() if not wanted or case.model in wanted]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda case: _report(case, with_trace=bool(wanted)), chosen))
    print(f"{len(results)} cases, {results.count(False)} with another verdict than expected")  # noqa: T201 - a command's output
    return 0 if all(results) else 1


def _report(case: Case, *, with_trace: bool) -> bool:
    began = time.monotonic()
    outcome = check(case)
    print(_line(case, outcome, time.monotonic() - began), flush=True)  # noqa: T201 - a command's output
    for step in outcome.trace if with_trace else ():
        print(f"    {step}")  # noqa: T201 - a command's output
    return outcome.fits(case)


def _line(case: Case, outcome: Outcome, seconds: float) -> str:
    mark = " " if outcome.fits(case) else "!"
    return f"{mark} {outcome.verdict:<6} {outcome.states:>9} states {seconds:6.1f} s  {case}"


if __name__ == "__main__":
    sys.exit(main())
