"""Confines this process for good, one step after another."""

import os
import signal
import sys
import sysconfig
from pathlib import Path

from processor.engine.sandbox import landlock, leftovers, limits, privileges, seccomp

_INSTALLED = ("stdlib", "platstdlib", "purelib", "platlib")
"""Where Python looks for what it imports only when it is needed."""
_NEVER = str(2**62)


def confine(task_memory_mb: int) -> None:
    """Leave this process its open files, its memory and *task_memory_mb* more, and Python's modules to read.

    On Linux there is no other file, no network, no other process or program, no environment and no privilege then.
    Elsewhere it gets no core dumps, and limits on files alone.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # Python's own handler would wait for a decoder to end
    os.environ.clear()
    os.environ["RAYON_NUM_THREADS"] = "1"  # oxipng's threads: as many processes as cores are enough
    os.environ["VIPS_DISC_THRESHOLD"] = _NEVER  # else libvips puts pixels beyond 100 MB into a file
    leftovers.silence()
    limits.limit_resources()
    if sys.platform == "linux":
        leftovers.forget_the_environment()
        limits.limit_memory(task_memory_mb)
        _refuse_to_have_threads()
        privileges.drop_privileges()
        privileges.die_with_the_parent()
        if landlock.version():
            landlock.restrict_files({sysconfig.get_path(name) for name in _INSTALLED})
        if seccomp.is_supported():
            seccomp.restrict_calls()


def missing_protections() -> list[str]:
    """Return the names of what this system lacks to confine image processes."""
    if sys.platform != "linux":
        return ["Landlock", "seccomp"]
    has = {"Landlock": bool(landlock.version()), "seccomp": seccomp.is_supported()}
    return [name for name, is_there in has.items() if not is_there]


def _refuse_to_have_threads() -> None:
    """Raise where a second thread runs: Landlock and capabilities would bind the first alone."""
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        message = f"{threads} threads run where there must be one to confine"
        raise RuntimeError(message)
