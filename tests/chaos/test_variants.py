"""What the harness asks the blob store and the API at the end of a run."""

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import httpx

from common.blob_store.disk import open_disk_store
from common.formats import ImageFormat
from common.settings.groups import KafkaSettings
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.messages import Messages
from tests.chaos.database import ImageRow, JobRow, all_jobs, connected, set_up_witness
from tests.chaos.errands import served
from tests.chaos.variants import left_behind, unreadable_variants
from tests.factories.images import photo
from tests.factories.jobs import NOON, a_record, an_image


async def test_blobs_without_a_row_are_left_behind(jobs: PostgresJobStore, database_uri: str, tmp_path: Path) -> None:
    """The bytes of a deleted original and of a variant without a row are found; what has a row is not."""
    of_deleted, of_kept = a_record(), a_record()
    (lost,), (known,) = of_deleted.tasks, of_kept.tasks
    await set_up_witness(database_uri)
    await jobs.add_originals([of_deleted.original, of_kept.original, an_image(id=known.variant_id)])
    for record in (of_deleted, of_kept):
        await jobs.add_job(record, Messages(KafkaSettings()).job_requested(record, at=NOON))
    async with connected(database_uri) as connection:
        await connection.execute("UPDATE images SET deleted_at = now() WHERE id = $1", of_deleted.original.id)
    stored = [of_deleted.original.id, lost.variant_id, of_kept.original.id, known.variant_id]
    await _store(tmp_path / "images", stored)

    store = {"ICECUBE_BLOB_TYPE": "disk", "ICECUBE_BLOB_DISK_PATH": str(tmp_path / "images")}
    found = await left_behind(store, database_uri, await all_jobs(database_uri), [str(of_deleted.original.id)])

    assert sorted(found) == sorted([f"the blob {of_deleted.original.id}", f"the blob {lost.variant_id}"])


async def test_a_deleted_image_that_is_served_is_found() -> None:
    """By its path and by the process that serves it; a process that is away serves nothing."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "away":
            message = "away"
            raise httpx.ConnectError(message)
        return httpx.Response(200 if request.url == "http://two/image/7" else 404)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        found = await served(http, ["http://one", "http://two", "http://away"], ["7", "8"])

    assert found == ["deleted, and served by http://two: /image/7"]


async def test_a_variant_that_cannot_be_seen_is_unreadable() -> None:
    """A completed job must have all of its variants; of a failed one, those with a row; nobody misses deleted ones."""
    answers = {"/image/whole": photo(ImageFormat.PNG, width=4, height=3), "/image/cut": b"\x89PNG\r\n"}

    def answer(request: httpx.Request) -> httpx.Response:
        content = answers.get(request.url.path)
        return httpx.Response(200 if content else 404, content=content or b"")

    tasks = json.dumps([{"variantId": one} for one in ("whole", "cut", "missing", "deleted")])
    completed = JobRow("1", "kept", "completed", None, None, NOON, NOON, tasks, endings=1)
    jobs = [completed, replace(completed, original_id="gone"), replace(completed, state="failed", tasks="[]")]
    images = [ImageRow("of failed", "kept", None), ImageRow("swept", "kept", NOON), ImageRow("kept", None, None)]

    async with httpx.AsyncClient(base_url="http://api", transport=httpx.MockTransport(answer)) as http:
        found = await unreadable_variants(http, jobs, images, {"gone", "deleted"})

    assert [complaint.partition(" cannot be decoded")[0] for complaint in found] == [
        "cut",
        "missing is answered 404",
        "of failed is answered 404",
    ]


async def _store(folder: Path, blob_ids: list[UUID]) -> None:
    async with open_disk_store(folder) as blobs:
        for blob_id in blob_ids:
            path = blobs.work_dir / str(blob_id)
            path.write_bytes(b"some bytes")
            await blobs.put_file(blob_id, path)
