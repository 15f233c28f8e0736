"""What a child process may use and reach, settled before its first task.

What holds and what does not is told in docs/engine.md.
"""

import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from processor.engine.libvips import set_up_libvips

if sys.platform == "linux":
    from processor.engine import linux

_MEGABYTE = 1024 * 1024
_LARGEST_FILE_BYTES = 1024 * _MEGABYTE
_OPEN_FILES = 128


def confine(task_memory_mb: int, folders: Sequence[Path] | None, readable: Sequence[Path] = ()) -> None:
    """Confine this process for good.

    On Linux it gets *task_memory_mb* of address space over what it has now, no environment, no network, no other
    program, and of all files only those below *folders*, where it is told any, and, to read, those below *readable*
    and what Python itself was installed with. Elsewhere it gets no core dumps, and limits on files alone.
    """
    # Pebble's own handler only runs between two Python instructions, which a decoder in C keeps waiting.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()
    if sys.platform == "linux":
        linux.die_with_the_parent()
        linux.forget_the_environment()
    os.environ["RAYON_NUM_THREADS"] = "1"  # oxipng's threads: as many processes as cores are enough
    set_up_libvips()
    _limit_resources()
    if sys.platform == "linux":
        linux.limit_memory(task_memory_mb)
        linux.limit_files(folders, readable)
        linux.limit_calls()


def limit_cpu(seconds: float) -> None:
    """Let this process be killed once it has used *seconds* of CPU from now on, should nobody else stop it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(usage.ru_utime + usage.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))


def _limit_resources() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE_BYTES, _LARGEST_FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
