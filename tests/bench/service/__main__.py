"""Measures the whole service, scenario by scenario, and writes tables and plots into the output folder."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local.processes.stopping import exit_on_signal
from tests.bench.service.machine import circumstances
from tests.bench.service.plan import BrokerKind, Plan
from tests.bench.service.results import Section
from tests.bench.service.scenarios import api, empty, hundred, latency, memory, mixed, priority, scale, start
from tests.services.kafka import Kind, chosen_kind

SCENARIOS: dict[str, Callable[[Plan], Coroutine[None, None, Section]]] = {
    "hundred": hundred.measure,
    "mixed": mixed.measure,
    "latency": latency.measure,
    "api": api.measure,
    "empty": empty.measure,
    "priority": priority.measure,
    "scale": scale.measure,
    "memory": memory.measure,
    "start": start.measure,
}


def main() -> None:
    """Run what the command line names, all if it names nothing; each scenario is told of as soon as it is done."""
    arguments = _arguments()
    exit_on_signal()
    # Image processes import this module: not with all that draws in it.
    from tests.bench.service.report import update  # noqa: PLC0415 - see above

    page = ""
    with TemporaryDirectory(prefix="icecube-bench-") as work:
        plan = Plan(arguments.seed, arguments.broker or _best(), arguments.minutes, arguments.rounds, Path(work))
        for name in arguments.scenarios or SCENARIOS:
            page = update(arguments.output, {name: _measured(name, plan)}, list(SCENARIOS))
    sys.stdout.write(page)


def _measured(name: str, plan: Plan) -> Section:
    began, before = time.monotonic(), circumstances(plan)
    section = asyncio.run(SCENARIOS[name](plan))
    took = {"took": f"{time.monotonic() - began:.0f} s"}
    sys.stderr.write(f"{name} is done after {took['took']}\n")
    return replace(section, circumstances=before | took)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.service", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)}; default: all")
    parser.add_argument("--broker", choices=["apache", "embedded"], help="default: Apache Kafka where it can run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2, help="of each alternation (default: 2)")
    parser.add_argument(
        "--minutes", type=float, default=4, help="of the load that memory is watched under (default: 4)"
    )
    parser.add_argument("--output", type=Path, default=Path("docs/performance"))
    given = parser.parse_args()
    if unknown := set(given.scenarios) - SCENARIOS.keys():
        parser.error(f"no scenario is called {', '.join(sorted(unknown))}")
    return given


def _best() -> BrokerKind:
    return "embedded" if chosen_kind() is Kind.EMBEDDED else "apache"


if __name__ == "__main__":
    main()
