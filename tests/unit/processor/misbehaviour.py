"""What image processes do in the tests of their pool, instead of making variants."""

import ctypes
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from processor.engine import ImageLimits, MadeVariant, VariantRequest
from processor.engine.child import serve


def by_name(
    original: Path, requests: list[VariantRequest], limits: ImageLimits, cpu_seconds: float
) -> list[MadeVariant]:
    """Do what the original's name says: crash, exit, sleep or spin; else make the variants."""
    requests[0].output.with_suffix(".started").write_text(str(os.getpid()))
    match original.name:
        case "crash":
            ctypes.string_at(0)
        case "exit":
            os._exit(3)
        case "sleep":
            time.sleep(600)
        case "spin":
            while True:
                pass
        case "leave":
            requests[0].output.write_text("half a file")
            os._exit(3)
        case _:
            pass
    return serve(original, requests, limits, cpu_seconds)


def look_around(original: Path, _requests: object, _limits: object, _cpu_seconds: object) -> Any:
    """Tell what this process can reach; *original* is a file that it must not."""
    return {
        "environment": Path("/proc/self/environ").read_bytes().strip(b"\0").decode(),
        "variables": sorted(os.environ),
        "descriptors": [str(link.readlink()) for link in _descriptors()],
        "file": _attempt(original.read_bytes),
        "socket": _attempt(socket.socket),
        "program": _attempt(lambda: subprocess.run([sys.executable, "-V"], check=True, capture_output=True)),
        "signal": _attempt(lambda: os.kill(os.getppid(), 0)),
    }


def change_original(original: Path, _requests: object, _limits: object, _cpu_seconds: object) -> Any:
    """Tell whether *original* can be read, changed, and replaced from here."""
    return {
        "read": _attempt(original.read_bytes),
        "write": _attempt(lambda: original.open("r+b").close()),
        "remove": _attempt(original.unlink),
        "beside": _attempt(lambda: original.with_suffix(".new").touch()),
    }


def _descriptors() -> list[Path]:
    return [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]


def _attempt(action: Any) -> str:
    try:
        action()
    except OSError as exc:
        return type(exc).__name__
    return "done"
