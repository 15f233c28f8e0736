"""What a decoder that a hostile picture has taken over might try, each with its answer.

The calls are made with arguments that do nothing where they are not refused: a process that is not there, a path that
is empty, a limit that is only read.
"""

import ctypes
import errno
import mmap
import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from processor.engine.sandbox import kernel

_NOBODY = 2**22 + 1
"""A process id that no process has."""

_CHILD_OF = multiprocessing.parent_process()
_PARENT = os.getpid() if _CHILD_OF is None or _CHILD_OF.pid is None else _CHILD_OF.pid


def told(name: str) -> Any:
    """Return what became of the attempt *name*: "done", what it found, or the name of the error."""
    try:
        found = ATTEMPTS[name]()
    except OSError as exc:
        return errno.errorcode.get(exc.errno or 0, str(exc))
    except (RuntimeError, ValueError) as exc:  # Python's own words for no thread, and for a limit beyond the hard one
        return str(exc)
    return found if isinstance(found, list) else "done"


def _call(on_x86_64: int, on_arm64: int, *arguments: object) -> Callable[[], object]:
    number = on_x86_64 if kernel.ON_X86_64 else on_arm64
    return lambda: kernel.system_call(number, *arguments)


def _fork() -> None:
    if os.fork() == 0:
        os.setsid()
        os._exit(0)


def _thread() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def _descriptors() -> list[str]:
    """Return what kinds of open files there are, beside the standard streams and the tests' own pipe."""
    kinds = []
    for descriptor in range(3, 1024):
        try:
            kinds.append(oct(os.fstat(descriptor).st_mode & 0o170000))
        except OSError:
            continue
    return sorted(kinds)


def _standard_streams() -> list[bool]:
    return [os.fstat(stream).st_rdev == os.makedev(1, 3) for stream in range(3)]


def _write_original() -> None:
    """Write to every regular file that is open: there is the original alone."""
    for descriptor in range(3, 128):
        if _is_regular(descriptor):
            os.write(descriptor, b"x")


def _change_original(change: Callable[[int], object]) -> Callable[[], None]:
    def attempt() -> None:
        for descriptor in range(3, 128):
            if _is_regular(descriptor):
                change(descriptor)

    return attempt


def _is_regular(descriptor: int) -> bool:
    try:
        return (os.fstat(descriptor).st_mode & 0o170000) == 0o100000
    except OSError:
        return False


def _call_of_another_architecture() -> None:
    """Call socket(2) by the numbers of 32-bit programs."""
    code = bytes.fromhex("53b867010000bb02000000b90100000031d2cd805bc3")
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))()


ATTEMPTS: dict[str, Callable[[], object]] = {
    # files
    "read a file": lambda: Path("/etc/passwd").read_bytes(),
    "list a folder": lambda: len(os.listdir("/")),  # noqa: PTH208 - the call itself
    "list the processes": lambda: len(os.listdir("/proc")),  # noqa: PTH208 - the call itself
    "write a file": lambda: os.open("/tmp/icecube-must-not-be", os.O_WRONLY | os.O_CREAT, 0o600),  # noqa: S108 - refused
    "read Python's modules": lambda: Path(os.__file__).read_bytes(),
    "write Python's modules": lambda: os.open(os.__file__, os.O_WRONLY),
    "remove": lambda: os.unlink(""),  # noqa: PTH108 - the call itself
    "rename": lambda: os.rename("", ""),  # noqa: PTH104 - the call itself
    "link": lambda: os.link("", ""),
    "symlink": lambda: os.symlink("", ""),  # noqa: PTH211 - the call itself
    "make a folder": lambda: os.mkdir(""),  # noqa: PTH102 - the call itself
    "make a FIFO": lambda: os.mkfifo(""),
    "truncate": lambda: os.truncate("", 0),
    "chmod": lambda: os.chmod("", 0o600),  # noqa: PTH101 - the call itself
    "chown": lambda: os.chown("", -1, -1),
    "utime": lambda: os.utime(""),
    "setxattr": lambda: os.setxattr("", "user.x", b"x"),
    "memfd": lambda: os.memfd_create("x"),
    # what is open
    "descriptors": _descriptors,
    "standard streams": _standard_streams,
    "write the original": _write_original,
    "truncate the original": _change_original(lambda descriptor: os.ftruncate(descriptor, 0)),
    "chmod the original": _change_original(lambda descriptor: os.fchmod(descriptor, 0o600)),
    "touch the original": _change_original(os.utime),
    # its environment and its parent's
    "environment": lambda: sorted(os.environ),
    "read the parent's environment": lambda: Path(f"/proc/{_PARENT}/environ").read_bytes(),
    "read its own status": lambda: Path("/proc/self/status").read_bytes(),
    # network
    "socket": lambda: socket.socket().close(),
    "socketpair": socket.socketpair,
    "connect": _call(42, 203, -1, None, 0),
    "bind": _call(49, 200, -1, None, 0),
    "io_uring": _call(425, 425, 1, None),
    # programs, processes, threads
    "program": lambda: subprocess.run([sys.executable, "-V"], check=True, capture_output=True),
    "execve": _call(59, 221, None, None, None),
    "fork": _fork,
    "fork by clone": _call(56, 220, signal.SIGCHLD, None, None, None, None),
    "namespace by clone": _call(56, 220, 0x10000000 | signal.SIGCHLD, None, None, None, None),
    "clone3": _call(435, 435, None, 0),
    "thread": _thread,
    "signal the parent": lambda: os.kill(_PARENT, 0),
    "signal the parent's thread": _call(234, 131, _NOBODY, _NOBODY, 0),
    "queue a signal": _call(129, 138, _NOBODY, 0, None),
    "ptrace": _call(101, 117, 16, _NOBODY, None, None),
    "read memory of others": _call(310, 270, _NOBODY, None, 0, None, 0, 0),
    "pidfd": lambda: os.pidfd_open(_PARENT),
    "limits of the parent": lambda: resource.prlimit(_PARENT, resource.RLIMIT_CPU),
    "priority of others": lambda: os.setpriority(os.PRIO_PROCESS, _NOBODY, 19),
    "affinity of others": lambda: os.sched_setaffinity(_NOBODY, {0}),
    "scheduler of others": _call(144, 119, _NOBODY, 0, None),
    "outlive the parent": lambda: kernel.prctl(1, 0),
    "session": os.setsid,
    # limits of its own
    "raise its memory": lambda: resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2),
    "raise its files' size": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1)),
    # the kernel
    "namespaces": _call(272, 97, 0x10000000),
    "host name": _call(170, 161, None, -1),
    "domain name": _call(171, 162, None, -1),
    "mount": _call(165, 40, None, None, None, 0, None),
    "chroot": lambda: os.chroot(""),
    "bpf": _call(321, 280, -1, None, 0),
    "perf": _call(298, 241, None, 0, -1, -1, 0),
    "keys": _call(250, 219, -1, 0, 0, 0, 0),
    "userfaultfd": _call(323, 282, -1),
    "fanotify": _call(300, 262, -1, 0),
    "inotify": _call(294, 26, -1),
    "shared memory": _call(29, 194, 0, 0, 0),
    "message queue": _call(68, 186, 0, 0),
    "semaphores": _call(64, 190, 0, -1, 0),
    "set the clock": _call(164, 170, None, None),
    "capabilities": _call(126, 91, None, None),
    "another architecture": _call_of_another_architecture,
}
