"""Limits how slowly a client may send a body, and read an answer."""

from dataclasses import dataclass

_WINDOW_SECONDS = 10.0
"""The time over which a body's rate is measured: long enough for interruptions of a mobile network."""
_FLUSH_SECONDS = 60.0
"""How long a client may read no byte of an answer, in addition to the time at the least rate."""


@dataclass(slots=True)
class BodyPace:
    """The rate of a body, measured over one window after another."""

    bytes_per_second: int
    _began: float = 0.0
    _received: int = 0

    def begin(self, now: float) -> None:
        """Begin a window."""
        self._began, self._received = now, 0

    def add(self, byte_count: int) -> None:
        """Count received bytes of the body."""
        self._received += byte_count

    def is_too_slow(self, now: float) -> bool:
        """Say whether a window has ended with too little; begin the next one."""
        seconds = now - self._began
        if seconds < _WINDOW_SECONDS:
            return False
        is_slow = self._received < self.bytes_per_second * seconds
        self.begin(now)
        return is_slow


@dataclass(slots=True)
class FlushDeadline:
    """The time by which the client must have read the written bytes."""

    bytes_per_second: int
    _due: float | None = None

    def renew(self) -> None:
        """Note that most of the written bytes have left."""
        self._due = None

    def has_passed(self, unsent_bytes: int, now: float) -> bool:
        """Say whether *unsent_bytes*, or bytes written before them, have waited too long."""
        if not unsent_bytes:
            self._due = None
        elif self._due is None:
            self._due = now + _FLUSH_SECONDS + unsent_bytes / max(self.bytes_per_second, 1)
        return self._due is not None and now > self._due
