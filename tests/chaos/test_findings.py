"""What the chaos runs found, each in the smallest situation that shows it; others stand beside the code at fault."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest

from common.blob_store import BlobStoreUnavailableError
from common.settings.groups import LimitsSettings
from ingest_api.admission import Admission
from ingest_api.job_store import Backlog, JobStoreUnavailableError
from ingest_api.job_store.connecting import Pool, connection_of

STILL_BUSY = asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")


@dataclass
class PoolOfDyingConnections:
    """A pool whose connections cannot be reset: the server was shut down under their last command."""

    released: int = 0

    async def acquire(self, *, timeout: float) -> object:  # noqa: ARG002, ASYNC109 - as asyncpg has it
        """Give out something to hold."""
        return object()

    async def release(self, _: object) -> None:
        """Fail as asyncpg does then."""
        self.released += 1
        raise STILL_BUSY


async def test_an_upload_to_a_volume_that_is_gone_is_turned_away(tmp_path: Path) -> None:
    """Seed 3, "storage is gone": looking how full the disk is must not be what answers 500."""
    admission = Admission(LimitsSettings(), Backlog, tmp_path / "gone")

    with pytest.raises(BlobStoreUnavailableError, match="volume"):
        await admission.check_upload()


async def test_a_connection_that_cannot_be_given_back_hides_nothing() -> None:
    """Seed 3, "PostgreSQL stopped": what was done on it is done, and the caller is told nothing else."""
    pool = PoolOfDyingConnections()

    async with connection_of(cast("Pool", cast("Any", pool))):
        pass

    assert pool.released == 1


async def test_a_rollback_on_a_dying_connection_is_an_outage() -> None:
    """Seed 3, "PostgreSQL stopped": asyncpg's word for it is none of its usual errors, and was answered 500."""
    pool = PoolOfDyingConnections()

    with pytest.raises(JobStoreUnavailableError, match="another operation"):
        async with connection_of(cast("Pool", cast("Any", pool))):
            raise STILL_BUSY
