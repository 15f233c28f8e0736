"""seccomp: the system calls a process may make, for good (seccomp(2)). All others fail with EPERM."""

import ctypes
import errno
import os
import struct
from collections.abc import Iterator

from processor.engine.sandbox import kernel
from processor.engine.sandbox.calls import ALLOWED, Condition, conditional

_SECCOMP = 317 if kernel.ON_X86_64 else 277
_SET_MODE_FILTER, _GET_ACTION_AVAIL = 1, 2
_ALL_THREADS = 1
_ARCHITECTURE = 0xC000003E if kernel.ON_X86_64 else 0xC00000B7

_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST = 0x15, 0x35
"""Of the classic BPF machine: every instruction works on one register of 32 bits."""
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
"""Offsets in `struct seccomp_data`; both architectures are little-endian, so an argument's low half comes first."""
_X32_BIT = 0x40000000
FIRST_NEW_CALL = 424
"""Calls since Linux 5.1, of one number on every architecture: "unknown" makes libc take their predecessors."""

Instruction = tuple[int, int, int, int]
"""Code, how many to skip where a test holds and where it does not, operand."""


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def is_supported() -> bool:
    """Say whether the kernel has seccomp filters, and this architecture's numbers are known."""
    try:
        action = ctypes.byref(ctypes.c_uint32(_ERRNO))
        return kernel.IS_KNOWN and kernel.system_call(_SECCOMP, _GET_ACTION_AVAIL, 0, action) == 0
    except OSError:
        return False


def restrict_calls() -> None:
    """Leave all threads of this process the calls of `calls.py`; needs no_new_privs."""
    instructions = b"".join(struct.pack("=HBBI", *instruction) for instruction in program(os.getpid()))
    filtered = _Program(len(instructions) // 8, instructions)
    kernel.system_call(_SECCOMP, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(filtered))


def program(process_id: int) -> list[Instruction]:
    """Return the filter of the process *process_id*."""
    column = 0 if kernel.ON_X86_64 else 1
    return [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_IF_EQUAL, 1, 0, _ARCHITECTURE),
        (_RETURN, 0, 0, _KILL),  # another architecture's call, whose numbers mean something else
        (_LOAD, 0, 0, _NUMBER_AT),
        (_JUMP_IF_AT_LEAST, 0, 1, _X32_BIT),
        (_RETURN, 0, 0, _KILL),
        *(part for numbers in ALLOWED.values() for part in _allow(numbers[column])),
        *(part for numbers, so in conditional(process_id).values() for part in _allow_if(numbers[column], so)),
        (_JUMP_IF_AT_LEAST, 0, 1, FIRST_NEW_CALL),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
    ]


def _allow(number: int) -> Iterator[Instruction]:
    yield (_JUMP_IF_EQUAL, 0, 1, number)
    yield (_RETURN, 0, 0, _ALLOW)


def _allow_if(number: int, condition: Condition) -> Iterator[Instruction]:
    yield (_JUMP_IF_EQUAL, 0, 5, number)
    yield (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * condition.argument)
    yield (_AND, 0, 0, condition.mask)
    yield (_JUMP_IF_EQUAL, 0, 1, condition.value)
    yield (_RETURN, 0, 0, _ALLOW)
    yield (_RETURN, 0, 0, _ERRNO | errno.EPERM)
