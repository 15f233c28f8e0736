"""Stopping a process that was started here, within a stated time."""

import signal
import subprocess


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
