"""CPU time and memory of a running service, by the role of each process in it."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

SUPERVISOR = "icecube up"
API, PROCESSOR, IMAGES, POSTGRES, KAFKA = "API", "processor", "image processes", "PostgreSQL", "Kafka"
_COMMANDS = {"deploy.local.postgres.keeper": POSTGRES, "api": API, "processor": PROCESSOR}
Spent = dict[str, float]


def roles(supervisor: int) -> dict[str, list[psutil.Process]]:
    """Return the processes below `icecube up`, and the Kafka that this process started, by their role."""
    found: dict[str, list[psutil.Process]] = defaultdict(list)
    parent = psutil.Process(supervisor)
    found[SUPERVISOR] = [parent]
    for child in parent.children():
        with suppress(psutil.NoSuchProcess):
            role = next((role for word, role in _COMMANDS.items() if word in child.cmdline()), SUPERVISOR)
            found[role].append(child)
            found[IMAGES if role == PROCESSOR else role] += child.children(recursive=True)
    found[KAFKA] = [one for one in psutil.Process().children() if one.name() == "java"]
    return {role: members for role, members in found.items() if members}


@contextmanager
def cpu_of(supervisor: int) -> Iterator[Spent]:
    """Yield what will hold the CPU seconds that each role takes for the block."""
    before = _cpu(supervisor)
    spent: Spent = {}
    yield spent
    spent |= {role: seconds - before.get(role, 0) for role, seconds in _cpu(supervisor).items()}


@contextmanager
def cpu_below() -> Iterator[Spent]:
    """Yield what will hold the CPU seconds that this process and all it has started take for the block."""
    before = _cpu_below()
    spent: Spent = {}
    yield spent
    spent["all"] = _cpu_below() - before


def _cpu(supervisor: int) -> Spent:
    return {role: sum(map(cpu_seconds, members)) for role, members in roles(supervisor).items()}


def _cpu_below() -> float:
    this = psutil.Process()
    return sum(map(cpu_seconds, [this, *this.children(recursive=True)]))


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds of a process and of its ended children: image processes come and go."""
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


def resident_megabytes(supervisor: int) -> dict[str, float]:
    """Return what the largest process of each role holds now."""
    return {role: max(map(_resident, members)) for role, members in roles(supervisor).items()}


def peak_megabytes(supervisor: int) -> dict[str, float]:
    """Return the most that a living process of each role ever held."""
    return {role: max(map(_peak, members)) for role, members in roles(supervisor).items()}


def _resident(process: psutil.Process) -> float:
    """Return what a process holds but for shared memory: PostgreSQL's buffers fill with its tables, to their size."""
    status = _status(process)
    return status.get("VmRSS", 0.0) - status.get("RssShmem", 0.0)


def _peak(process: psutil.Process) -> float:
    return _status(process).get("VmHWM", 0.0)


def _status(process: psutil.Process) -> dict[str, float]:
    """Return the sizes that Linux tells of a process, in megabytes; none of one that has ended."""
    with suppress(OSError):
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
        return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.endswith(" kB")}
    return {}


@contextmanager
def paused(processes: list[psutil.Process]) -> Iterator[None]:
    """Keep *processes* stopped while the block runs."""
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()
