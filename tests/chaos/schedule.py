"""What happens when: the same seed gives the same schedule."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random

from tests.chaos.faults import FaultKind
from tests.chaos.faults.kinds import KINDS
from tests.chaos.plan import SECONDS_PER_FAULT

_LONG_RUN_SECONDS = 300
_QUIET_SECONDS = 5.0
"""At the beginning, so that there is something to disturb."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault and when it begins, in seconds from the start of the load."""

    at: float
    kind: FaultKind


def schedule(
    seed: int,
    *,
    seconds: float,
    kafka: str,
    store: str,
    only: Collection[str] = (),
    seconds_per_fault: float = SECONDS_PER_FAULT,
) -> Sequence[Planned]:
    """Return the faults of a run, in order: each kind that can be had at least once, or *only* those named.

    A run of five minutes or more also has the long outage of the broker, in its first half.
    """
    rng = Random(f"{seed} {seconds} {kafka} {store}")  # noqa: S311 - to be repeated, not to be secret
    kinds = [kind for kind in KINDS if (kind.name in only or not only) and kind.needs in {"", kafka, store}]
    if not kinds:
        message = f"--only {', '.join(only)}: no such fault with --kafka {kafka} --store {store}"
        raise ValueError(message)
    weighted = [kind for kind in kinds if kind.weight]
    count = max(len(weighted), round((seconds - _QUIET_SECONDS) / seconds_per_fault))
    chosen = weighted + rng.choices(weighted, [kind.weight for kind in weighted], k=count - len(weighted))
    rng.shuffle(chosen)
    step = (seconds - _QUIET_SECONDS) / count
    planned = [Planned(_QUIET_SECONDS + step * (place + rng.random()), kind) for place, kind in enumerate(chosen)]
    if seconds >= _LONG_RUN_SECONDS:
        planned += [Planned(rng.uniform(0.1, 0.5) * seconds, kind) for kind in kinds if not kind.weight]
    return sorted(planned, key=lambda fault: fault.at)
