"""Refuses a Python or a machine that is not supported; `make` runs it before it installs.

No f-string and no annotation, so that old Pythons get as far as the message.
"""

import platform
import sys

SUPPORTED = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64", "arm64")
OLDEST_GLIBC = (2, 28)

python = ".".join(str(number) for number in sys.version_info[:2])
libc, libc_release = platform.libc_ver()
is_linux = sys.platform.startswith("linux")
is_new_enough = libc == "glibc" and tuple(int(number) for number in libc_release.split(".")[:2]) >= OLDEST_GLIBC
is_supported = (
    python in SUPPORTED
    and platform.python_implementation() == "CPython"
    and platform.machine() in MACHINES
    and (is_new_enough if is_linux else sys.platform == "darwin")
)
implementation, release = platform.python_implementation(), platform.python_version()
found = " ".join([implementation, release, "on", platform.system(), platform.machine(), "(" + sys.executable + ")"])
if not is_supported:
    sys.exit(
        "Icecube needs CPython 3.11, 3.12 or 3.13 on 64-bit Linux (glibc 2.28 or newer) or macOS; "
        "this is " + found + ". Name another Python: make PYTHON=python3.13"
    )
