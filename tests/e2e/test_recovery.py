"""Everything killed at once, and started again on the same folder."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.test_first_session import uploaded
from tests.factories import images
from tests.services.icecube import RunningIcecube, started_icecube

JOBS = 60
DEADLINE_SECONDS = 90
pytestmark = pytest.mark.timeout(400)
FAST_RECOVERY = {"ICECUBE_DELIVERY_LOST_AFTER_SECONDS": "2", "ICECUBE_DELIVERY_RECONCILE_SECONDS": "1"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder outside of pytest's own, which the account that PostgreSQL runs as may not enter."""
    path = Path(tempfile.mkdtemp(prefix="icecube-e2e-"))
    yield path
    shutil.rmtree(path)


def kill_at_once(process: "subprocess.Popen[bytes]") -> None:
    """Kill `icecube up` and everything it started, without a word."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        with suppress(psutil.NoSuchProcess):  # gone with the one before it
            member.kill()
    psutil.wait_procs(family, timeout=60)
    process.wait()


def asked_for(running: RunningIcecube) -> list[str]:
    """Return the ids of jobs that were accepted."""
    with httpx.Client(base_url=running.api, timeout=30) as http:
        original = uploaded(http, images.photo(width=1200, height=900))
        # Each asks for something of its own: what is there already is copied, and the kill would come too late.
        options = [[{"format": "webp", "maxDimension": 900 + number}] for number in range(JOBS)]
        bodies = [{"originalID": original, "options": option} for option in options]
        return [http.post("/api/v1/job", json=body).raise_for_status().json()["id"] for body in bodies]


def states(running: RunningIcecube, jobs: list[str]) -> list[str]:
    """Return the state of each job."""
    with httpx.Client(base_url=running.api, timeout=30) as http:
        return [http.get(f"/api/v1/job/{job}").raise_for_status().json()["status"] for job in jobs]


def test_every_accepted_job_ends_after_everything_was_killed(folder: Path) -> None:
    """Killed amid its jobs, with a broker that forgets all, Icecube ends every one of them when it is back."""
    with started_icecube(folder, durable=True, **FAST_RECOVERY) as (process, running):
        jobs = asked_for(running)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while "completed" not in (seen := states(running, jobs)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "completed" in seen
        kill_at_once(process)
    assert "pending" in seen, "the jobs were done before the kill: it proved nothing"

    with started_icecube(folder, durable=True, **FAST_RECOVERY) as (_, running):
        deadline = time.monotonic() + DEADLINE_SECONDS
        while set(seen := states(running, jobs)) != {"completed"} and time.monotonic() < deadline:
            time.sleep(0.2)

    assert seen == ["completed"] * JOBS
