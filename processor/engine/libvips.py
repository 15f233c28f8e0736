"""How libvips is set up in a process that decodes strangers' files."""

import ctypes
from typing import Any

import pyvips

from processor.engine.codecs.registry import CODECS
from processor.engine.tested_libvips import UntestedLibvipsError

_MEGABYTE = 1024 * 1024
_MALLOC_OPTIONS = {
    -8: 1,  # M_ARENA_MAX: every job's new thread would else have a heap of its own
    -3: 32 * _MEGABYTE,  # M_MMAP_THRESHOLD, the most there may be: what is larger goes back at once
    -1: 64 * _MEGABYTE,  # M_TRIM_THRESHOLD
}
"""mallopt(3). Pages that are given back and taken anew for each job cost 5 to 10 % of a small one's time."""


def set_up_libvips() -> None:
    """Set this process's libvips up: one thread, no cache of operations, only the accepted formats' decoders.

    With glibc the process also keeps some 64 MB of freed memory for its next job.
    Raises `UntestedLibvipsError` where pyvips could not load the module of pyvips-binary and took the system's libvips.
    """
    if not pyvips.API_mode:
        raise UntestedLibvipsError
    _keep_freed_memory()
    pyvips.error._to_string = _readable  # noqa: SLF001 - a message may quote a file's bytes, which pyvips takes for UTF-8
    pyvips.concurrency_set(1)  # as many processes as cores; threads within them only add overhead
    pyvips.cache_set_max(0)  # a path is reused with other content, and a cached decode is memory held for nothing
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for codec in CODECS.values():
        pyvips.operation_block_set(codec.loader.operation, False)


def _readable(text: Any) -> str:
    """Return a text of libvips, whatever bytes it has: the name and the contract are those of pyvips' own."""
    ffi = pyvips.ffi
    return "NULL" if text == ffi.NULL else ffi.string(text).decode("utf-8", "replace")


def _keep_freed_memory() -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # glibc's own: neither musl nor macOS has it
        for option, setting in _MALLOC_OPTIONS.items():
            mallopt(option, setting)
