"""What the tests of the image processes share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.processor.pools import Witness, a_witness


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    """Yield who knows which processes have begun a job."""
    with a_witness(tmp_path) as opened:
        yield opened
