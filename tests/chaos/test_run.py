"""A short run of the harness, which `make chaos` runs for longer: on Apache Kafka where that can run."""

import tempfile
from pathlib import Path

import pytest

from tests.chaos.plan import Plan
from tests.chaos.run import run

SEED = 20
SECONDS = 60


@pytest.mark.timeout(600)
async def test_nothing_accepted_is_lost_whatever_dies(*, kafka_is_real: bool) -> None:
    """Under every fault and crash at every point: each job ends once, is announced once, its variants can be read."""
    plan = Plan(SEED, SECONDS, kafka="apache" if kafka_is_real else "embedded", partitions=4, jobs_per_second=3)
    # Not below pytest's own folder: as root, PostgreSQL runs as another account, which that folder keeps out.
    with tempfile.TemporaryDirectory(prefix="icecube-chaos-") as folder:
        verdict = await run(plan, Path(folder))

    assert verdict.problems == {}, verdict.table()
    assert verdict.accepted > 0
