"""One observed Icecube for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.integration.observability.observed import Observed, observed_icecube


@pytest.fixture(scope="package")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """Yield a running Icecube whose metrics, spans and logs can be read."""
    with observed_icecube(tmp_path_factory.mktemp("observed")) as observed:
        yield observed
