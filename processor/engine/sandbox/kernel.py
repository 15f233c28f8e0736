"""Asks the Linux kernel for what Python does not offer."""

import ctypes
import os
import platform
import sys

_LIBC = ctypes.CDLL(None, use_errno=True)
ON_X86_64, ON_ARM64 = (
    sys.platform == "linux" and platform.machine() in names for names in ({"x86_64", "AMD64"}, {"aarch64", "arm64"})
)
IS_KNOWN = sys.maxsize > 2**32 and (ON_X86_64 or ON_ARM64)
"""System calls have other numbers elsewhere."""


def system_call(number: int, *arguments: object) -> int:
    """Return what the call *number* answers; raise `OSError` for an error."""
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return _checked(_LIBC.syscall(ctypes.c_long(number), *words))


def prctl(option: int, *arguments: int) -> int:
    """Set an *option* of this process or thread; raise `OSError` for an error."""
    words = [ctypes.c_ulong(one) for one in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(_LIBC.prctl(ctypes.c_int(option), *words))


def _checked(answer: int) -> int:
    if answer < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return answer
