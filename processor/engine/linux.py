"""What only Linux offers to confine a process: Landlock, seccomp, and a few facts of /proc.

Its libraries are installed there only. Import it before a child is confined: to find libc, both run a program.
"""

import ctypes
import errno
import fcntl
import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import landlockpy
import seccompy
from landlockpy import AccessFS, Scope

_MEGABYTE = 1024 * 1024
_HAS_LANDLOCK, _HAS_SECCOMP = landlockpy.supported(), seccompy.supported()
"""Asked once, as the fork server imports this: to find libc, both libraries run a program, which a child may not."""
_READ = AccessFS.READ_FILE | AccessFS.READ_DIR
_WRITE = AccessFS.WRITE_FILE | AccessFS.MAKE_REG | AccessFS.REMOVE_FILE | AccessFS.TRUNCATE
_REFUSED_CALLS = (
    # no network, not even through io_uring
    "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "io_uring_setup",
    # no other program, no other process
    "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "kill", "tkill", "pidfd_open",
    "pidfd_send_signal", "pidfd_getfd", "kcmp",
    # nothing of the kernel's that a decoder has no use for, and exploits have
    "mount", "umount2", "unshare", "setns", "chroot", "pivot_root", "bpf", "perf_event_open", "userfaultfd",
    "keyctl", "add_key", "request_key", "open_by_handle_at", "init_module", "finit_module", "kexec_load",
)  # fmt: skip


def die_with_the_parent() -> None:
    """Have the kernel kill this process as the pipe to its parent closes, even in the middle of a decoder.

    Otherwise a child at work would outlive a parent that was killed, and the fork server would with it.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(parent.sentinel, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
        fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)


def forget_the_environment() -> None:
    """Overwrite the environment where the kernel put it: what a parent is configured with is no child's business."""
    after_name = Path("/proc/self/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    start, end = int(after_name[47]), int(after_name[48])  # fields 50 and 51 of proc(5), the third being the first here
    ctypes.memset(start, 0, end - start)


def limit_files(folders: Sequence[Path] | None, readable: Sequence[Path]) -> None:
    """Leave *folders* to read and write, *readable* to read, and what Python was installed with; None for all files.

    Also keeps signals and /proc of processes outside this one out of reach.
    """
    if not _HAS_LANDLOCK:
        return
    handled = AccessFS.EXECUTE if folders is None else None  # None: every right that the kernel knows
    with landlockpy.Ruleset(handled_fs=handled, scoped=Scope.SIGNAL | Scope.ABSTRACT_UNIX_SOCKET) as rules:
        for folder in folders or ():
            rules.allow_path(folder, _READ | _WRITE)
        for folder in readable:
            rules.allow_path(folder, _READ)
        for installed in {sys.prefix, sys.base_prefix}:
            rules.allow_path(installed, _READ | AccessFS.EXECUTE)
        rules.restrict()


def limit_calls() -> None:
    """Refuse the system calls that a decoder has no use for."""
    if not _HAS_SECCOMP:
        return
    calls = seccompy.Filter(default=seccompy.Action.ALLOW)
    for name in _REFUSED_CALLS:
        calls.errno(name, errno.EPERM)
    calls.load()


def limit_memory(task_memory_mb: int) -> None:
    """Let this process have *task_memory_mb* of address space over what it has now."""
    address_space = _address_space_bytes() + task_memory_mb * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))


def _address_space_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")
