"""Whether the variants of completed jobs can be had and seen, and nothing is left of what is gone."""

import io
import json
import os
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import UUID

import httpx
from PIL import Image, UnidentifiedImageError

from common.blob_store.opening import open_blob_store
from common.settings.loading import load_settings
from common.settings.model import Settings
from tests.chaos.database import ImageRow, JobRow, images_without_row
from tests.chaos.errands import served


async def unreadable_variants(
    http: httpx.AsyncClient, jobs: Sequence[JobRow], images: Sequence[ImageRow], deleted: Container[str]
) -> list[str]:
    """Return the variants that cannot be downloaded and decoded: all of completed jobs, and whatever has a row.

    *Deleted* ones are left out, by their own id or their original's.
    """
    completed = [row for row in jobs if row.state == "completed" and row.original_id not in deleted]
    wanted = {task["variantId"] for row in completed for task in json.loads(row.tasks)}
    known = {image.id for image in images if image.original_id and not image.deleted_at}
    complaints = [await _complaint(http, variant) for variant in sorted(wanted | known) if variant not in deleted]
    return [complaint for complaint in complaints if complaint]


async def still_served(urls: Sequence[str], jobs: Sequence[JobRow], deleted: Collection[str]) -> list[str]:
    """Return a complaint for each of the *deleted* images, and of what was made of them, that an API serves."""
    made = [task["variantId"] for row in jobs if row.original_id in deleted for task in json.loads(row.tasks)]
    async with httpx.AsyncClient(timeout=30) as http:
        return await served(http, urls, [*deleted, *made])


async def left_behind(
    environment: Mapping[str, str], dsn: str, jobs: Sequence[JobRow], deleted: Iterable[str]
) -> list[str]:
    """Return what the blob store still has of *deleted* images and of tasks whose variant has no row."""
    asked = [task["variantId"] for row in jobs for task in json.loads(row.tasks)]
    without_row = await images_without_row(dsn, [*asked, *deleted])
    settings = load_settings(flags={}, environment=environment, file=None)
    with _set(environment):  # where the S3 client looks for its keys
        found = await _stored(settings, without_row)
    return [f"the blob {blob_id}" for blob_id in found]


async def _stored(settings: Settings, ids: Sequence[str]) -> list[str]:
    async with open_blob_store(settings) as blobs:
        return [blob_id for blob_id in ids if await blobs.exists(UUID(blob_id))]


@contextmanager
def _set(environment: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


async def _complaint(http: httpx.AsyncClient, variant_id: str) -> str | None:
    answer = await http.get(f"/image/{variant_id}")
    if answer.status_code != httpx.codes.OK:
        return f"{variant_id} is answered {answer.status_code}"
    try:
        Image.open(io.BytesIO(answer.content)).load()
    except (UnidentifiedImageError, OSError) as exc:
        return f"{variant_id} cannot be decoded: {exc}"
    return None
