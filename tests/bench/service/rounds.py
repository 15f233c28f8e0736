"""The same jobs by the service and by others, in turn, and how they compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.bench.service.results import Section, Table, Verdict
from tests.bench.service.weighing import Spent

SERVICE, BARE = "service", "bare engine"


@dataclass(frozen=True, slots=True)
class Round:
    """How long *who* took for so many jobs, the CPU seconds of each part, and the originals' bytes."""

    who: str
    jobs: int
    seconds: float
    cpu: Spent = field(default_factory=dict)
    original_bytes: int = 0

    @property
    def jobs_a_second(self) -> float:
        """The throughput."""
        return self.jobs / self.seconds


def comparison(title: str, rounds: Sequence[Round], wanted: Mapping[str, float]) -> Section:
    """Return the section of these rounds; *wanted* is the share of another's throughput that is to be reached."""
    verdicts = [
        Verdict(
            f"throughput, times that of the {other}", _throughput(rounds, SERVICE) / _throughput(rounds, other), least
        )
        for other, least in wanted.items()
    ]
    return Section(title, verdicts, [_rounds(rounds), _cpu(rounds)])


def _throughput(rounds: Sequence[Round], who: str) -> float:
    return median(one.jobs_a_second for one in rounds if one.who == who)


def _rounds(rounds: Sequence[Round]) -> Table:
    head = ("who", "jobs", "seconds", "jobs/s", "CPU ms a job", "MB of originals/s")
    rows = [
        (
            one.who, f"{one.jobs}", f"{one.seconds:.1f}", f"{one.jobs_a_second:.2f}",
            f"{1000 * sum(one.cpu.values()) / one.jobs:.0f}" if one.cpu else "",
            f"{one.original_bytes / one.seconds / 1e6:.1f}" if one.original_bytes else "",
        )
        for one in rounds
    ]  # fmt: skip
    return Table(head, rows, "Every round, in the order they were run; the ratios are of medians.")


def _cpu(rounds: Sequence[Round]) -> Table:
    served = [one for one in rounds if one.who == SERVICE]
    parts = {part: median(1000 * one.cpu.get(part, 0) / one.jobs for one in served) for part in served[0].cpu}
    rows = [(part, f"{milliseconds:.2f}") for part, milliseconds in parts.items()]
    return Table(("part of the service", "CPU ms a job"), rows, _by_cpu(rounds))


def _by_cpu(rounds: Sequence[Round]) -> str:
    """Return the ratio that other work on the machine disturbs least: what a core is busy with."""
    took = {who: median(sum(one.cpu.values()) for one in rounds if one.who == who) for who in (SERVICE, BARE)}
    return f"By CPU time alone the service reaches {took[BARE] / took[SERVICE]:.2f} of the bare engine's throughput."
