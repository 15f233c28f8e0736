"""Lets Ctrl-C and similar signals stop a run where that is safe, and never its clean-up."""

import atexit
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

_Handler = signal.Handlers | Callable[[int, FrameType | None], object] | int | None
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Notes the first signal, and reacts to it only within a `call_on_signal` block.

    Signals that this process inherited as ignored, as under nohup, stay ignored.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._react: Callable[[], None] | None = None
        self._before: dict[signal.Signals, _Handler] = {}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def call_on_signal(self, react: Callable[[], None]) -> Iterator[None]:
        """Call *react* at the first signal within this block, or at once if it came before."""
        self._react = react
        try:
            self._call_once()
            yield
        finally:
            self._react = None

    def end_process(self) -> None:
        """End this process by the received signal, so that its parent sees it; return if none came."""
        if self.signal is None:
            return
        sys.stdout.flush()
        sys.stderr.flush()
        atexit._run_exitfuncs()  # noqa: SLF001 - no other way: a signal ends the process before what they remove
        signal.signal(self.signal, signal.SIG_DFL)
        os.kill(os.getpid(), self.signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.signal is None:
            self.signal = signal.Signals(number)
            self._call_once()

    def _call_once(self) -> None:
        if self.signal is not None and self._react is not None:
            react, self._react = self._react, None
            react()


def stop_here() -> None:
    """Raise `KeyboardInterrupt`: the reaction for code that can stop anywhere."""
    raise KeyboardInterrupt


@contextmanager
def without_hangup() -> Iterator[None]:
    """Have the processes started in this block ignore SIGHUP, which a terminal sends to all: we end them ourselves.

    Otherwise Python's own helper, which tracks its resources, would die first and cause noisy errors.
    """
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)
