"""Stopping a process that was started here, within a stated time."""

import signal
import subprocess
from types import FrameType

_REQUESTS = (signal.SIGTERM, signal.SIGINT)


def stop(process: subprocess.Popen[bytes], *, grace_seconds: float, request: signal.Signals = signal.SIGTERM) -> int:
    """Send *request*, then SIGKILL after the grace; return the exit status once the process is gone.

    A process that has ended already is only reaped.
    """
    if process.poll() is None:
        process.send_signal(request)
    try:
        return process.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def exit_on_signal() -> None:
    """Leave this process with status 0, through its `finally` blocks, at SIGTERM or SIGINT."""
    for request in _REQUESTS:
        signal.signal(request, _exit)


def _exit(_number: int, _frame: FrameType | None) -> None:
    for request in _REQUESTS:
        signal.signal(request, signal.SIG_IGN)  # asked twice, the shutdown still runs to its end
    raise SystemExit(0)
