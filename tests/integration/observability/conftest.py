"""One observed Icecube for all tests of this folder, and Prometheus' own judge of rules."""

import shutil
from collections.abc import Iterator

import pytest

from tests.integration.observability.observed import Observed, observed_icecube


@pytest.fixture(scope="package")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """Yield a running Icecube whose metrics, spans and logs can be read."""
    with observed_icecube(tmp_path_factory.mktemp("observed")) as observed:
        yield observed


@pytest.fixture
def promtool() -> str:
    """Return the program; without it rules and queries cannot be tried."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not here to try rules and queries; Debian has it in the package prometheus")
    return found
