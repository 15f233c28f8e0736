"""How many connections the limit of open files allows."""

import subprocess
import sys

import pytest

from ingest_api.web.protocol.open_files import connections_within

RAISE = """
import resource
from ingest_api.web.protocol.open_files import open_files_limit, raise_open_files_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 700))
raise_open_files_limit()
print(open_files_limit())
"""


def test_the_limit_is_raised_to_the_hard_one() -> None:
    """The process may open as many files as the system lets it."""
    result = subprocess.run([sys.executable, "-c", RAISE], capture_output=True, text=True, check=True, timeout=60)

    assert result.stdout.split()[-1] == "700"


@pytest.mark.parametrize(("open_files", "connections"), [(1024, 416), (100_000, 2000), (64, 1)])
def test_each_connection_may_have_a_file_open(open_files: int, connections: int) -> None:
    """There are as many connections as set, or as leave two files for each and some for ourselves."""
    assert connections_within(2000, open_files=open_files) == connections
