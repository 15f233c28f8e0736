"""What a process has from those it was forked from, and must not keep."""

import ctypes
import os
from pathlib import Path

_STANDARD_STREAMS = 3


def keep_only(descriptor: int) -> None:
    """Close everything but *descriptor* and the standard streams.

    Python's own are among them: a pipe that keeps the fork server alive, and one by which anybody could have files of
    shared memory removed.
    """
    os.closerange(_STANDARD_STREAMS, descriptor)
    os.closerange(descriptor + 1, os.sysconf("SC_OPEN_MAX"))


def silence() -> None:
    """Make the standard streams lead nowhere: they are the parent's log and terminal."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(_STANDARD_STREAMS):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def forget_the_environment() -> None:
    """Overwrite the environment where the kernel put it: what a parent is configured with is no child's business."""
    after_name = Path("/proc/self/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    start, end = int(after_name[47]), int(after_name[48])  # fields 50 and 51 of proc(5), the third being the first here
    ctypes.memset(start, 0, end - start)
