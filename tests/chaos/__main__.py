"""`python -m tests.chaos --seed N --minutes M`: attack an Icecube of its own, print the table, exit 1 on any loss."""

import argparse
import asyncio
import secrets
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.chaos.plan import SECONDS_PER_FAULT, Plan
from tests.chaos.run import run
from tests.chaos.verdict import Verdict

_FOUND = 1
"""The exit status of a run that found something."""


def main() -> int:
    """Run what the command line describes; return the exit status."""
    plan, keep = _arguments()
    sys.stdout.write(f"seed {plan.seed}: {plan.seconds / 60:g} minutes, {plan.kafka} Kafka, {plan.store} store\n")
    sys.stdout.flush()
    if keep:
        keep.mkdir(parents=True)
        return _print_verdict(asyncio.run(_run_until_signal(plan, keep)))
    folder = Path(tempfile.mkdtemp(prefix="icecube-chaos-"))
    status = _print_verdict(asyncio.run(_run_until_signal(plan, folder)))
    if status == _FOUND:
        sys.stdout.write(f"\nlogs and data are in {folder}\n")
    else:
        shutil.rmtree(folder)
    return status


def _arguments() -> tuple[Plan, Path | None]:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="the schedule's seed; the same gives the same (default: a new one)")
    parser.add_argument("--minutes", type=float, default=10, help="length of the attack (default: 10)")
    parser.add_argument("--kafka", choices=["apache", "embedded"], default="apache")
    parser.add_argument("--store", choices=["disk", "s3"], default="disk")
    parser.add_argument("--partitions", type=int, default=12, help="of each topic (default: 12)")
    parser.add_argument("--rate", type=float, default=5.0, help="jobs asked for each second (default: 5)")
    parser.add_argument("--only", action="append", default=[], metavar="FAULT", help="inflict only faults of this name")
    parser.add_argument("--every", type=float, default=SECONDS_PER_FAULT, metavar="SECONDS", help="a fault this often")
    parser.add_argument("--keep", type=Path, help="a new folder for logs and data, kept in any case")
    given = parser.parse_args()
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    plan = Plan(
        seed, given.minutes * 60, given.kafka, given.store, given.partitions, given.rate, given.only, given.every
    )
    return plan, given.keep


async def _run_until_signal(plan: Plan, folder: Path) -> Verdict | None:
    """Run, but stop in order at SIGINT or SIGTERM."""
    task = asyncio.create_task(run(plan, folder))
    for request in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(request, task.cancel)
    with suppress(asyncio.CancelledError):
        return await task
    return None


def _print_verdict(verdict: Verdict | None) -> int:
    if verdict is None:
        sys.stderr.write("stopped\n")
        return 130
    sys.stdout.write(verdict.table() + "\n")
    for name, cases in verdict.problems.items():
        sys.stdout.write(f"\n{name}:\n" + "".join(f"  {case}\n" for case in cases[:20]))
    return _FOUND if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
