"""What a child process may use, set before its first task."""

import os
import resource
import signal
from pathlib import Path

from processor.engine.libvips import set_up_libvips

_MEGABYTE = 1024 * 1024


def confine(task_memory_mb: int) -> None:
    """Set this process's limits, for good: *task_memory_mb* of address space over what it has now."""
    # Pebble's own handler only runs between two Python instructions, which a decoder in C keeps waiting.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    set_up_libvips()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    address_space = _address_space_bytes() + task_memory_mb * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))


def _address_space_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")
