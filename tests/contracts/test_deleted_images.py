"""The rules of a job store about deleted and expired images: nobody finds them, and nobody works on them."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from common.ids import new_id
from ingest_api.job_store import ImageUnknownError, JobRecord, OutboxMessage, StoredImage
from ingest_api.job_store.connecting import Pool
from ingest_api.job_store.inventory import PostgresInventory
from ingest_api.job_store.lists import PageRequest, PostgresLists
from ingest_api.job_store.postgres import PostgresJobStore
from tests.factories.jobs import a_record, a_reusable_variant, an_image

MESSAGE = OutboxMessage(topic="t", key=b"k", value=b"v", headers={})
SOON = timedelta(seconds=20)


async def deleted(pool: Pool, image_id: UUID) -> None:
    """Mark an image's row as a deletion does."""
    await pool.execute("UPDATE images SET deleted_at = now() WHERE id = $1", image_id)


async def an_original(jobs: PostgresJobStore, **changes: object) -> StoredImage:
    """Return an original that is in the store."""
    original = an_image(**changes)
    await jobs.add_originals([original])
    return original


@pytest.mark.parametrize("how", ["deleted", "expired"])
async def test_what_is_gone_is_found_by_nobody(pool: Pool, jobs: PostgresJobStore, how: str) -> None:
    """A deleted row is no row, by its id and in lists; an image that expires is gone at its time, deleted or not."""
    ends = {"expired": datetime.now(UTC) - SOON, "deleted": None}[how]
    gone, stays = await an_original(jobs, expires_at=ends), await an_original(jobs)
    if how == "deleted":
        await deleted(pool, gone.id)

    listed = await PostgresLists(pool).images(PageRequest(limit=10))

    assert await jobs.find_image(gone.id) is None
    assert [image.id for image in listed.items] == [stays.id]


async def test_an_expiry_is_kept(jobs: PostgresJobStore) -> None:
    """What expires later is there until then, and says when."""
    original = await an_original(jobs, expires_at=datetime.now(UTC) + SOON)

    assert await jobs.find_image(original.id) == original


@pytest.mark.parametrize("how", ["deleted", "expired"])
async def test_nothing_is_asked_of_what_is_gone(pool: Pool, jobs: PostgresJobStore, how: str) -> None:
    """A job on a deleted original is refused like one on an unknown image; those that come with it are accepted."""
    gone = a_record(original=await an_original(jobs))
    others = [a_record(original=await an_original(jobs)) for _ in range(5)]
    statements = {
        "deleted": "UPDATE images SET deleted_at = now() WHERE id = $1",
        "expired": "UPDATE images SET expires_at = now() - interval '1 second' WHERE id = $1",
    }
    await pool.execute(statements[how], gone.original.id)

    outcomes = await asyncio.gather(
        *(jobs.add_job(record, MESSAGE) for record in [*others, gone]), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [type(None)] * 5 + [ImageUnknownError]
    assert await jobs.find_job(gone.job.id) is None


async def test_a_job_waits_for_a_deletion_that_came_first(pool: Pool, jobs: PostgresJobStore) -> None:
    """Intake looks at the row after it got the lock: a foreign key would let the job through."""
    record = a_record(original=await an_original(jobs))
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM images WHERE id = $1 FOR NO KEY UPDATE", record.original.id)
        accepting = asyncio.create_task(jobs.add_job(record, MESSAGE))
        await _until_somebody_waits(pool)
        await connection.execute("UPDATE images SET deleted_at = now() WHERE id = $1", record.original.id)

    with pytest.raises(ImageUnknownError):
        await accepting


async def _until_somebody_waits(pool: Pool) -> None:
    async with asyncio.timeout(60):
        while not await pool.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            await asyncio.sleep(0.01)


async def test_a_deleted_variant_is_offered_to_nobody(pool: Pool, jobs: PostgresJobStore) -> None:
    """An offer lives as long as its variant's row; one whose row is not known is still an offer."""
    original = await an_original(jobs)
    variant = an_image(original_id=original.id)
    offers = {work: a_reusable_variant(id=variant_id) for work, variant_id in ((b"1", variant.id), (b"2", new_id()))}
    async with jobs.changing(()) as changes:
        changes.add_images([variant])
        for work, offer in offers.items():
            changes.remember_variant(work, offer)

    before = await jobs.find_reusable([b"1", b"2"])
    await deleted(pool, variant.id)
    after = await jobs.find_reusable([b"1", b"2"])

    assert before == offers
    assert set(after) == {b"2"}


async def test_a_job_tells_whether_its_original_is_deleted(pool: Pool, jobs: PostgresJobStore) -> None:
    """The job outlives its original, and keeps how long its variants are to stay."""
    record = replace(a_record(original=await an_original(jobs)), variants_expire_seconds=60)
    await jobs.add_job(record, MESSAGE)
    assert await jobs.find_job(record.job.id) == record

    await deleted(pool, record.original.id)

    assert await jobs.find_job(record.job.id) == replace(record, is_original_deleted=True)


async def test_to_gc_a_deleted_row_is_no_row(pool: Pool, jobs: PostgresJobStore) -> None:
    """The bytes of a deleted image are garbage; its row is none, though it has no bytes."""
    gone, stays = await an_original(jobs), await an_original(jobs)
    await deleted(pool, gone.id)
    inventory = PostgresInventory(pool)

    unknown = await inventory.find_unknown([gone.id, stays.id])
    pages = [page async for page in inventory.pages(created_before=datetime.now(UTC))]

    assert unknown == [gone.id]
    assert pages == [[stays.id]]


async def test_variants_that_the_last_release_stored_expire_too(jobs: PostgresJobStore) -> None:
    """It knows no expiry: a variant that it stores for such a job gets one when the job ends."""
    record: JobRecord = replace(a_record(original=await an_original(jobs)), variants_expire_seconds=60)
    await jobs.add_job(record, MESSAGE)
    ended_at = datetime.now(UTC)

    async with jobs.changing([record.job.id]) as changes:
        changes.add_images([an_image(id=record.tasks[0].variant_id, original_id=record.original.id)])
        changes.save(record.job.succeeded(at=ended_at))

    variant = await jobs.find_image(record.tasks[0].variant_id)
    assert variant is not None
    assert variant.expires_at == ended_at + timedelta(seconds=60)
