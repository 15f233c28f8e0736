"""Landlock: the files a process may open, for good (landlock(7))."""

import ctypes
import os
from collections.abc import Iterable

from processor.engine.sandbox import kernel

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System calls, of one number on every architecture."""
_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1

READ_FILE, READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS = (
    (1, (1 << 13) - 1),  # execute, read, write, and make or remove any kind of file
    (2, 1 << 13),  # link and rename between folders
    (3, 1 << 14),  # truncate
    (5, 1 << 15),  # ioctl on devices
)
"""Every right on files, with the version of Landlock that knows it."""
_NETWORK_RIGHTS = ((4, 0b11),)  # bind and connect TCP
_SCOPES = ((6, 0b11),)  # abstract Unix sockets, and signals to processes outside


class _Ruleset(ctypes.Structure):
    """`struct landlock_ruleset_attr`; older kernels take the larger one where what they do not know is 0."""

    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    """`struct landlock_path_beneath_attr`."""

    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """Return the version of Landlock that the kernel has; 0 for none."""
    try:
        return kernel.system_call(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    except OSError:  # not built in, not switched on, or refused by a container's own filter
        return 0


def restrict_files(readable: Iterable[str]) -> None:
    """Refuse this thread every file but those below the *readable* folders, to read; needs no_new_privs.

    Also TCP, abstract sockets, and signals to others. Files already open stay so.
    """
    known = version()
    rights = _Ruleset(*(_of(known, table) for table in (_FILE_RIGHTS, _NETWORK_RIGHTS, _SCOPES)))
    ruleset = kernel.system_call(_CREATE_RULESET, ctypes.byref(rights), ctypes.sizeof(rights), 0)
    try:
        for folder in readable:
            _allow_reading(ruleset, folder)
        kernel.system_call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _of(known: int, table: tuple[tuple[int, int], ...]) -> int:
    return sum(bits for since, bits in table if since <= known)


def _allow_reading(ruleset: int, folder: str) -> None:
    try:
        descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # nothing to read
    try:
        rule = _PathBeneath(READ_FILE | READ_DIR, descriptor)
        kernel.system_call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)
