"""Runs spin on one case: all states are searched, and a counterexample is told in words."""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.model.cases import FOLDER, Case, Verdict

SECONDS_AT_MOST = 600
_MEMORY_MB = 4000
_DEPTH = 2_000_000
_UNFINISHED = re.compile("max search depth too small|reached max|out of memory|Search not completed")
_NOISE = re.compile(r"spin:|#processes|\(system|\(watch|processes created|\t")


class UncheckableError(Exception):
    """Spin or the compiler refuses the model, or the search did not get through all states."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the checker found; *trace* tells the shortest counterexample, a line a step."""

    verdict: Verdict
    states: int
    trace: tuple[str, ...] = ()

    def fits(self, case: Case) -> bool:
        """Say whether this is what *case* must have."""
        return self.verdict is case.expected


def check(case: Case) -> Outcome:
    """Search all states of *case*; raise `UncheckableError`."""
    with tempfile.TemporaryDirectory(prefix="icecube-model-") as folder:
        place = Path(folder)
        (place / "model.pml").write_text((FOLDER / case.model).read_text("utf-8"), "utf-8")
        _build(place, case)
        return _search(place, case)


def _build(place: Path, case: Case) -> None:
    _run(place, "spin", "-a", *case.switches, "model.pml")
    how = {Verdict.HOLDS: ["-DSAFETY"], Verdict.BROKEN: ["-DSAFETY", "-DBFS"], Verdict.ENDS: ["-DNP"]}[case.expected]
    size = ["-DCOLLAPSE", "-DNOREDUCE", "-DVECTORSZ=2048", f"-DMEMLIM={_MEMORY_MB}"]
    _run(place, "gcc", "-O2" if case.is_slow else "-O1", "-w", *how, *size, "-o", "pan", "pan.c")


def _search(place: Path, case: Case) -> Outcome:
    loops = ["-l"] if case.expected is Verdict.ENDS else []
    report = _run(place, "./pan", "-E", *loops, f"-m{_DEPTH}")
    count = re.search(r"([\d.e+]+) states, stored", report)
    states = int(float(count[1])) if count else 0
    if (place / "model.pml.trail").exists():
        return Outcome(Verdict.BROKEN, states, _trace(place, case))
    if "errors: 0" not in report or _UNFINISHED.search(report):
        raise UncheckableError(report[-2000:])
    return Outcome(Verdict.ENDS if loops else Verdict.HOLDS, states)


def _trace(place: Path, case: Case) -> tuple[str, ...]:
    replayed = _run(place, "spin", "-t", *case.switches, "model.pml")
    return tuple(line.strip() for line in replayed.splitlines() if line.strip() and not _NOISE.search(line))


def _run(place: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=SECONDS_AT_MOST, check=False)
    output = done.stdout + done.stderr
    if command[0] != "./pan" and done.returncode:
        raise UncheckableError(output[-2000:])
    return output
