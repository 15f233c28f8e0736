"""What a child process may use and reach, settled before its first task.

What holds and what does not is told in docs/engine.md.
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

from processor.engine.libvips import set_up_libvips

_MEGABYTE = 1024 * 1024
_LARGEST_FILE_BYTES = 1024 * _MEGABYTE
_OPEN_FILES = 128
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


def confine(task_memory_mb: int, folders: Sequence[Path] | None) -> None:
    """Confine this process for good.

    It gets *task_memory_mb* of address space over what it has now, no environment, no network, no other program, and
    of all files only those below *folders*, where it is told any, beside what Python itself was installed with.
    """
    # Pebble's own handler only runs between two Python instructions, which a decoder in C keeps waiting.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _die_with_the_parent()
    _forget_the_environment()
    os.environ["RAYON_NUM_THREADS"] = "1"  # oxipng's threads: as many processes as cores are enough
    set_up_libvips()
    _limit_resources(task_memory_mb)
    if _HAS_LANDLOCK:
        _limit_files(folders)
    if _HAS_SECCOMP:
        _limit_calls()


def _die_with_the_parent() -> None:
    """Have the kernel kill this process as the pipe to its parent closes, even in the middle of a decoder.

    Otherwise a child at work would outlive a parent that was killed, and the fork server would with it.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(parent.sentinel, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
        fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)


def limit_cpu(seconds: float) -> None:
    """Let this process be killed once it has used *seconds* of CPU from now on, should nobody else stop it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(usage.ru_utime + usage.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))


def _limit_resources(task_memory_mb: int) -> None:
    address_space = _address_space_bytes() + task_memory_mb * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE_BYTES, _LARGEST_FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))


def _limit_files(folders: Sequence[Path] | None) -> None:
    """Also keeps signals and /proc of processes outside this one out of reach."""
    handled = AccessFS.EXECUTE if folders is None else None  # None: every right that the kernel knows
    with landlockpy.Ruleset(handled_fs=handled, scoped=Scope.SIGNAL | Scope.ABSTRACT_UNIX_SOCKET) as rules:
        for folder in folders or ():
            rules.allow_path(folder, _READ | _WRITE)
        for installed in {sys.prefix, sys.base_prefix}:
            rules.allow_path(installed, _READ | AccessFS.EXECUTE)
        rules.restrict()


def _limit_calls() -> None:
    calls = seccompy.Filter(default=seccompy.Action.ALLOW)
    for name in _REFUSED_CALLS:
        calls.errno(name, errno.EPERM)
    calls.load()


def _address_space_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _forget_the_environment() -> None:
    """Overwrite the environment where the kernel put it: what a parent is configured with is no child's business."""
    os.environ.clear()
    after_name = Path("/proc/self/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    start, end = int(after_name[47]), int(after_name[48])  # fields 50 and 51 of proc(5), the third being the first here
    ctypes.memset(start, 0, end - start)
