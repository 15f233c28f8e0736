"""Measures the intake of jobs without and with a backlog of expired images: `python -m tests.bench.retention`.

Both in one run, in turns, in one process as the API's: intake, an outbox that is emptied as a relay does it, and in
every other turn retention and the cleaner. Exit status 1 where intake is more than 5 % slower, by the turns' medians.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from statistics import median

from common.blob_store.disk import open_disk_store
from common.settings.groups import KafkaSettings, RetentionSettings
from deploy.local.postgres.server import embedded_postgres
from ingest_api.job_store import Backlog, StoredImage
from ingest_api.job_store.cleanings import PostgresCleanings
from ingest_api.job_store.connecting import Pool, open_pool
from ingest_api.job_store.deletions import PostgresDeletions
from ingest_api.job_store.migrating import migrate
from ingest_api.job_store.old_rows import PostgresOldRows
from ingest_api.job_store.outbox import PostgresOutbox
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.cleaner import Cleaner
from ingest_api.life_cycle.messages import Messages
from ingest_api.life_cycle.retention import Retention
from ingest_api.services import utc_now
from ingest_api.upkeep.background import keep_running
from tests.factories.jobs import a_record, an_image

_CALLERS = 8
_LEAST_RATIO = 0.95
_MESSAGES = Messages(KafkaSettings())


@dataclass
class Measured:
    """Jobs accepted in a second, turn by turn, and images deleted meanwhile."""

    without: list[float] = field(default_factory=list)
    during: list[float] = field(default_factory=list)
    deleted: int = 0
    during_seconds: float = 0

    @property
    def ratio(self) -> float:
        """The intake with retention to that without, each by its median."""
        return median(self.during) / median(self.without)


@asynccontextmanager
async def _retention(pool: Pool, folder: Path) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        blobs = await stack.enter_async_context(open_disk_store(folder))
        retention = Retention(
            images=PostgresDeletions(pool),
            rows=PostgresOldRows(pool),
            settings=RetentionSettings(),
            messages=_MESSAGES,
            clock=utc_now,
            backlog=Backlog,
            jobs_stay=timedelta(days=8),
        )
        # A grace of seconds, so that the second sweeps fall into the turns too.
        cleaner = Cleaner(PostgresCleanings(pool), blobs, grace=timedelta(seconds=5), marks_stay=timedelta(days=8))
        for name, work in {"retention": retention.run, "cleaner": cleaner.run}.items():
            await stack.enter_async_context(keep_running(name, work))
        yield


async def _empty_outbox(pool: Pool) -> None:
    outbox = PostgresOutbox(pool)
    while True:
        async with outbox.claim(500) as claimed:
            for position in claimed.messages:
                claimed.mark_sent(position, None)
        await asyncio.sleep(0.05)


async def _accepted_per_second(jobs: PostgresJobStore, originals: list[StoredImage], seconds: float) -> float:
    accepted, names = 0, cycle(originals)
    until = time.monotonic() + seconds

    async def ask() -> None:
        nonlocal accepted
        while time.monotonic() < until:
            record = a_record(original=next(names))
            await jobs.add_job(record, _MESSAGES.job_requested(record, at=utc_now()))
            accepted += 1

    await asyncio.gather(*(ask() for _ in range(_CALLERS)))
    return accepted / seconds


async def _fill(pool: Pool, rows: int) -> None:
    insert = Path(__file__).with_name("originals.sql").read_text("utf-8")
    expired = datetime.now(UTC) - timedelta(hours=1)
    await pool.execute(insert, rows, expired, 1_700_000_000_000, timeout=None)
    await pool.execute("VACUUM (ANALYZE) images", timeout=None)


async def measure(dsn: str, folder: Path, *, rows: int, turns: int, seconds: float) -> Measured:
    """Fill the tables, and take turns without and with retention."""
    await migrate(dsn)
    measured = Measured()
    async with open_pool(dsn, max_connections=10) as pool:
        await _fill(pool, rows)
        jobs, originals = PostgresJobStore(pool), [an_image(owner="anybody") for _ in range(200)]
        await jobs.add_originals(originals)
        async with keep_running("outbox", lambda: _empty_outbox(pool)):
            await _accepted_per_second(jobs, originals, seconds)  # warms up
            for _ in range(turns):
                measured.without.append(await _accepted_per_second(jobs, originals, seconds))
                async with _retention(pool, folder):
                    began = time.monotonic()
                    measured.during.append(await _accepted_per_second(jobs, originals, seconds))
                    measured.during_seconds += time.monotonic() - began
        measured.deleted = await pool.fetchval("SELECT count(*) FROM images WHERE deleted_at IS NOT NULL")
    return measured


def main() -> int:
    """Run it on a PostgreSQL of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.retention")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=8)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="icecube-retention-") as folder,
        embedded_postgres(Path(folder) / "postgres", durable=True) as server,
    ):
        measuring = measure(
            server.dsn, Path(folder) / "images", rows=asked.rows, turns=asked.turns, seconds=asked.seconds
        )
        measured = asyncio.run(measuring)
    print(  # noqa: T201 - a command's output
        f"{asked.rows} expired images; jobs accepted in a second: {median(measured.without):.0f} without, "
        f"{median(measured.during):.0f} with retention: {measured.ratio:.3f}; "
        f"{measured.deleted / measured.during_seconds:.0f} images deleted in a second"
    )
    return 0 if measured.ratio >= _LEAST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
