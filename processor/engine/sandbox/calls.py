"""The system calls that Python, libc and the decoders need. Each has its number on x86-64 and on ARM64."""

import fcntl
import os
from dataclasses import dataclass

ALLOWED: dict[str, tuple[int, int]] = {
    # its socket, and files that are open or that Landlock lets it open
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "recvfrom": (45, 207),
    "recvmsg": (47, 212),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "close": (3, 57),
    "lseek": (8, 62),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "getdents64": (217, 61),
    # memory
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    # threads of its own
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "membarrier": (324, 283),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getcpu": (309, 168),
    # its signal handlers
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    # itself, time and chance
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "getrandom": (318, 278),
    "exit": (60, 93),
    "exit_group": (231, 94),
}

_A_THREAD = 0x3D0F00
"""clone(2)'s flags as libc begins a thread: all is shared, and nothing is new but the thread."""
_DETACHED = 0x400000
"""A flag that the kernel ignores; musl sets it."""
_NAMING_A_THREAD = 15
"""PR_SET_NAME."""
_WRITING = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True, slots=True)
class Condition:
    """An argument of a call, by its place, of which the bits of *mask* must be *value*; 32 bits are looked at."""

    argument: int
    value: int
    mask: int = 0xFFFFFFFF


def conditional(process_id: int) -> dict[str, tuple[tuple[int, int], Condition]]:
    """Return the calls that the process *process_id* may make in one way only: numbers, and the condition."""
    return {
        "clone": ((56, 220), Condition(0, _A_THREAD, mask=0xFFFFFFFF & ~_DETACHED)),
        "tgkill": ((234, 131), Condition(0, process_id)),  # how abort() ends a process
        "prlimit64": ((302, 261), Condition(0, 0)),  # its own limits
        "prctl": ((157, 167), Condition(0, _NAMING_A_THREAD)),
        "fcntl": ((72, 25), Condition(1, fcntl.F_DUPFD_CLOEXEC)),  # a mapping has its own descriptor
        "openat": ((257, 56), Condition(2, os.O_RDONLY, mask=_WRITING)),
    }
