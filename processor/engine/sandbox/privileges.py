"""Gives up what a process may do beyond others of its user, and ties its life to its parent's."""

import ctypes
import signal
import struct
from contextlib import suppress

from processor.engine.sandbox import kernel

_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 24, 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPSET = 126 if kernel.ON_X86_64 else 91
_CAPABILITIES_VERSION = 0x20080522
_LAST_CAPABILITY = 63


def drop_privileges() -> None:
    """Give up all capabilities, root's too, and the gaining of any by running a program."""
    with suppress(OSError):  # EINVAL after the last one, EPERM where there are none to drop
        for capability in range(_LAST_CAPABILITY + 1):
            kernel.prctl(_PR_CAPBSET_DROP, capability)
    with suppress(OSError):  # unknown before Linux 4.3, which has none
        kernel.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    if kernel.IS_KNOWN:
        header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITIES_VERSION, 0))
        kernel.system_call(_CAPSET, header, ctypes.create_string_buffer(24))
    kernel.prctl(_PR_SET_NO_NEW_PRIVS, 1)


def die_with_the_parent() -> None:
    """Have the kernel kill this process when the fork server ends, even in the middle of a decoder.

    The fork server ends with the process that it serves, unless anybody else holds its pipe open: close it first.
    """
    kernel.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
