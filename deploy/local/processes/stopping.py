"""Stops a child process within a given time."""

import signal
import subprocess
from types import FrameType

_REQUESTS = (signal.SIGTERM, signal.SIGINT)


def stop(process: subprocess.Popen[bytes], *, grace_seconds: float, request: signal.Signals = signal.SIGTERM) -> int:
    """Send *request*, then SIGKILL after the grace; return the exit status once the process is gone.

    A process that has already ended is only reaped.
    """
    if process.poll() is None:
        process.send_signal(request)
    try:
        return process.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def exit_on_signal() -> None:
    """Exit with status 0 on SIGTERM or SIGINT, through all `finally` blocks."""
    for request in _REQUESTS:
        signal.signal(request, _exit)


def _exit(_number: int, _frame: FrameType | None) -> None:
    for request in _REQUESTS:
        signal.signal(request, signal.SIG_IGN)  # a second signal does not interrupt the shutdown
    raise SystemExit(0)
