"""Callers: what they may do, and whose images and jobs they see."""

from dataclasses import dataclass
from enum import IntEnum


class Scope(IntEnum):
    """What a key allows; each scope includes those before it."""

    READ = 1
    WRITE = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller of the API; the name is for logs, and never the key itself."""

    name: str
    scope: Scope
    owner: str
    """Whose images and jobs they see and make; callers who share an owner share everything."""

    @property
    def sees_all(self) -> bool:
        """Whether they see every owner's images and jobs, and those that belong to nobody."""
        return self.scope is Scope.ADMIN

    def sees(self, owner: str | None) -> bool:
        """Say whether they see what belongs to *owner*; None is nobody, as in rows of a release without owners."""
        return self.sees_all or owner == self.owner


ANYBODY = Caller("anybody", Scope.ADMIN, "anybody")
"""The caller when no keys are configured, and the operator at the command line."""
