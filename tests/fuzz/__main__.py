"""Runs hostile files for a stated time and fails when one of them does what it must not."""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from zlib import crc32

from processor.pool import ImagePool
from tests.fuzz.attacks import attacks
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import seeds
from tests.fuzz.trial import LIMITS, TASK_MEMORY_MB, TASK_SECONDS, UNEXPECTED, Verdict, tried

_TRIALS_AT_ONCE = 2
_SOUND = "sound"
"""Begins the name of a file that nothing is wrong with: a run in which these fail proves nothing."""


def main() -> None:
    """Print what became of the files; exit with 1 and keep the file for each finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long to go on after the known attacks")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="repeats a run's mutations")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"), help="where to keep what is found")
    arguments = parser.parse_args()
    outcomes, found = asyncio.run(_campaign(arguments.seconds, arguments.seed, arguments.findings))
    lines = [f"{count:7}  {outcome}" for outcome, count in sorted(outcomes.items())]
    sys.stdout.write("\n".join([*lines, f"{outcomes.total()} files, seed {arguments.seed}, {found} findings\n"]))
    sys.exit(1 if found else 0)


async def _campaign(seconds: float, seed: int, findings: Path) -> tuple[Counter[str], int]:
    outcomes: Counter[str] = Counter()
    found = 0
    files = _files(seconds, Random(seed))  # noqa: S311 - to be repeated, not to be secret
    with TemporaryDirectory() as folder:
        async with ImagePool(
            workers=_TRIALS_AT_ONCE,
            limits=LIMITS,
            task_seconds=TASK_SECONDS,
            task_memory_mb=TASK_MEMORY_MB,
        ) as pool:

            async def go_on(number: int) -> None:
                nonlocal found
                for name, data in files:
                    with TemporaryDirectory(dir=folder, prefix=str(number)) as own:
                        verdict = await tried(data, Path(own), pool)
                    outcomes[f"{name.split()[0]:10} {verdict.outcome}"] += 1
                    found += _kept(findings, name, data, verdict)

            await asyncio.gather(*(go_on(number) for number in range(_TRIALS_AT_ONCE)))
    return outcomes, found


def _files(seconds: float, random: Random) -> Iterator[tuple[str, bytes]]:
    """Yield sound files and the known attacks, then mutations of the sound ones until the time is over."""
    sound = seeds()
    yield from ((f"{_SOUND} {name}", data) for name, data in sound.items())
    yield from attacks().items()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        name, data = random.choice(list(sound.items()))
        yield name, mutated(data, random.choice(list(sound.values())), random)


def _kept(findings: Path, name: str, data: bytes, verdict: Verdict) -> bool:
    broken = name.startswith(_SOUND) and verdict.outcome != "accepted, made"
    if verdict.complaint is None and UNEXPECTED not in verdict.outcome and not broken:
        return False
    findings.mkdir(exist_ok=True)
    path = findings / f"{name.replace(' ', '-')}-{crc32(data):08x}"
    path.write_bytes(data)
    sys.stdout.write(f"FOUND {name}: {verdict.outcome}: {verdict.complaint}: {path}\n")
    return True


if __name__ == "__main__":
    main()
