"""Limits of the kernel's on what a process may use."""

import os
import resource
from pathlib import Path

_MEGABYTE = 1024 * 1024
_OPEN_FILES = 128


def limit_resources() -> None:
    """Let this process write no file, leave no core dump, and open few files."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)


def limit_cpu(seconds: float) -> None:
    """Let this process be killed once it has used *seconds* of CPU from now on, should nobody else stop it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(usage.ru_utime + usage.ru_stime + seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (_at_most(allowed, hard), hard))


def limit_memory(task_memory_mb: int) -> None:
    """Let this process have *task_memory_mb* of address space over what it has now."""
    address_space = _address_space_bytes() + task_memory_mb * _MEGABYTE
    _lower(resource.RLIMIT_AS, address_space)


def _address_space_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _lower(kind: int, limit: int) -> None:
    """Set soft and hard limit to *limit*, or to the hard limit that whoever started us has set, if that is lower."""
    _, hard = resource.getrlimit(kind)
    lowest = _at_most(limit, hard)
    resource.setrlimit(kind, (lowest, lowest))


def _at_most(limit: int, hard: int) -> int:
    return limit if hard == resource.RLIM_INFINITY else min(limit, hard)
