"""The kernel's limits on an image process."""

import subprocess
import sys

import pytest

_SCRIPT = """
import resource
from processor.engine.sandbox.limits import limit_cpu, limit_memory, limit_resources
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
resource.setrlimit(resource.RLIMIT_CPU, (500, 500))
limit_resources()
limit_cpu(1000)
limit_memory(64)
print(resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CPU))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are Linux's")
def test_a_lower_limit_of_the_host_stays() -> None:
    """An operator who has set a hard limit below ours gets theirs, and no error: only root may raise it."""
    result = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)

    assert result.stdout == "(100, 100) (500, 500)\n"
