"""What is done to the system: the port; the faults stand beside it, by what they hit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.chaos.stage import Stage


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault: *inflict* returns when it is over. *part* is what no other fault may touch meanwhile."""

    name: str
    inflict: Callable[[Stage], Awaitable[None]]
    weight: int = 1
    part: str = ""
    needs: str = ""
    """"apache" or a kind of store, where it makes sense nowhere else."""
