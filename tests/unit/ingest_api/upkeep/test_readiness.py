"""What `/readyz` says."""

from pathlib import Path
from typing import cast

import pytest

from common.blob_store.disk import DiskStore
from common.settings.groups import KafkaSettings
from ingest_api.job_store import Backlog, JobStore
from ingest_api.upkeep.readiness import Readiness


def readiness(folder: Path, *, outbox_age_seconds: float) -> Readiness:
    """Return what is known when database and storage were well and events have waited so long."""
    backlog = Backlog(outbox_depth=1, outbox_age_seconds=outbox_age_seconds)
    known = Readiness(cast("JobStore", None), DiskStore(folder), KafkaSettings(), lambda: backlog, 60)
    known.dependencies = {"database": "ok", "storage": "ok", "kafka": "ok"}
    return known


@pytest.mark.parametrize(("age", "status"), [(0, "ready"), (60, "ready"), (61, "degraded")])
def test_a_stuck_outbox_is_told_and_requests_are_served(tmp_path: Path, age: float, status: str) -> None:
    """Jobs are still accepted, so balancers go on sending them; an operator sees that they do not go on."""
    known = readiness(tmp_path, outbox_age_seconds=age)

    assert (known.status, known.is_ready) == (status, True)
    assert (known.stuck_outbox is None) == (status == "ready")


def test_the_age_is_told(tmp_path: Path) -> None:
    """An operator reads how long it has stood still."""
    assert readiness(tmp_path, outbox_age_seconds=734.4).stuck_outbox == "stuck: events have been due for 734 s"


def test_a_dependency_that_is_away_weighs_more(tmp_path: Path) -> None:
    """Without a database nothing can be served, whatever waits."""
    known = readiness(tmp_path, outbox_age_seconds=734)
    known.dependencies["database"] = "unavailable"

    assert (known.status, known.is_ready) == ("not ready", False)
