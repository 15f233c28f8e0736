"""What gc takes for garbage, and what it leaves alone."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest_asyncio

from common.blob_store.disk import DiskStore, open_disk_store
from common.ids import new_id
from common.settings.groups import KafkaSettings
from common.stop_marks import is_stopped, mark_stopped
from ingest_api.job_store import JobRecord
from ingest_api.job_store.connecting import Pool
from ingest_api.job_store.inventory import PostgresInventory
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.messages import Messages
from ingest_api.upkeep.gc import Findings, GarbageCollector
from tests.factories.jobs import NOON, a_policy, a_record, an_image


@pytest_asyncio.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[DiskStore]:
    """Yield an empty store."""
    async with open_disk_store(tmp_path / "images") as blobs:
        yield blobs


async def put(blobs: DiskStore, blob_id: UUID) -> UUID:
    """Store a blob."""
    path = blobs.work_dir / "some.upload"
    path.write_bytes(b"x")
    await blobs.put_file(blob_id, path)
    return blob_id


async def collect(pool: Pool, blobs: DiskStore, *, remove: bool, hours: float = 1) -> Findings:
    """Look at everything written up to *hours* from now."""
    before = datetime.now(UTC) + timedelta(hours=hours)
    return await GarbageCollector(PostgresInventory(pool), blobs).collect(before=before, remove=remove)


async def a_stored_job(jobs: PostgresJobStore, blobs: DiskStore) -> JobRecord:
    """Return an unfinished job with its original and, from an attempt that was cut off, its variant's blob."""
    record = a_record()
    await jobs.add_originals([record.original])
    await jobs.add_job(record, Messages(KafkaSettings()).job_requested(record, at=NOON))
    await put(blobs, record.original.id)
    await put(blobs, record.tasks[0].variant_id)
    return record


async def test_what_is_in_use_is_no_garbage(pool: Pool, jobs: PostgresJobStore, blobs: DiskStore) -> None:
    """Originals with rows stay, and so do blobs that an unfinished job may still report."""
    await a_stored_job(jobs, blobs)

    findings = await collect(pool, blobs, remove=True)

    assert findings == Findings()


async def test_a_failed_job_s_variants_are_garbage(pool: Pool, jobs: PostgresJobStore, blobs: DiskStore) -> None:
    """Once the job has failed nobody will ever ask for them."""
    record = await a_stored_job(jobs, blobs)
    async with jobs.changing([record.job.id]) as changes:
        failed = record.job.attempt_failed(
            attempt=1, code="c", reason="r", retryable=False, policy=a_policy(), jitter=0, at=NOON
        )
        changes.save(failed)

    findings = await collect(pool, blobs, remove=True)

    assert findings.blobs_without_row == [record.tasks[0].variant_id]
    assert not await blobs.exists(record.tasks[0].variant_id)


async def test_stop_marks_are_no_garbage(pool: Pool, blobs: DiskStore) -> None:
    """Without it Kafka would deliver the job again, and a processor make its variants anew; the cleaner removes it."""
    job_id = new_id()
    await mark_stopped(blobs, job_id)

    assert await collect(pool, blobs, remove=True) == Findings()
    assert await is_stopped(blobs, job_id)


async def test_a_dry_run_removes_nothing(pool: Pool, blobs: DiskStore) -> None:
    """What is found is told, and still there."""
    orphan = await put(blobs, new_id())

    findings = await collect(pool, blobs, remove=False)

    assert (findings.blobs_without_row, findings.removed) == ([orphan], [])
    assert await blobs.exists(orphan)


async def test_orphans_are_removed_when_asked(pool: Pool, blobs: DiskStore) -> None:
    """A blob whose row was never committed goes."""
    orphan = await put(blobs, new_id())

    findings = await collect(pool, blobs, remove=True)

    assert findings.removed == [orphan]
    assert not await blobs.exists(orphan)


async def test_what_is_young_is_left_alone(pool: Pool, blobs: DiskStore) -> None:
    """An upload under way has its blob before its row."""
    await put(blobs, new_id())

    assert await collect(pool, blobs, remove=True, hours=-1) == Findings()


async def test_rows_without_a_blob_are_found(pool: Pool, jobs: PostgresJobStore, blobs: DiskStore) -> None:
    """A row that nothing refers to is removed; one that a job refers to is told of, and left."""
    record = await a_stored_job(jobs, blobs)
    await blobs.delete(record.original.id)
    unused = replace(an_image(), created_at=NOON - timedelta(days=30))
    await jobs.add_originals([unused])

    findings = await collect(pool, blobs, remove=True)

    assert set(findings.rows_without_blob) == {record.original.id, unused.id}
    assert findings.removed == [unused.id]
    assert await jobs.find_image(record.original.id)
