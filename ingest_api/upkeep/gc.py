"""Finds what a crash left: blobs without a row, and rows without a blob; deletes them on request.

Keeps the protocol's rule "stop mark" (ARCHITECTURE.md).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from common.blob_store import BlobStore
from common.stop_marks import is_mark
from ingest_api.job_store.inventory import PostgresInventory

_BATCH = 500
_AT_ONCE = 32
"""Concurrent requests to the blob store."""


@dataclass(slots=True)
class Findings:
    """The findings, by id. *removed* holds the deleted ones of both kinds."""

    blobs_without_row: list[UUID] = field(default_factory=list)
    rows_without_blob: list[UUID] = field(default_factory=list)
    removed: list[UUID] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GarbageCollector:
    """Examines only what is older than a given time: a running upload or job has blobs before it has rows."""

    inventory: PostgresInventory
    blobs: BlobStore

    async def collect(self, *, before: datetime, remove: bool) -> Findings:
        """Compare the two stores; raise what either raises when it is away. Keep rows that a job refers to."""
        findings = Findings()
        async for ids in _batches(self.blobs.list_older_than(before)):
            images = [blob_id for blob_id in ids if not is_mark(blob_id)]  # the cleaner removes marks
            findings.blobs_without_row += await self.inventory.find_unknown(images)
        async for ids in self.inventory.pages(created_before=before):
            findings.rows_without_blob += await self._without_blob(ids)
        if remove:
            await self._remove(findings)
        return findings

    async def _without_blob(self, ids: Sequence[UUID]) -> list[UUID]:
        missing: list[UUID] = []
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            there = await asyncio.gather(*(self.blobs.exists(image_id) for image_id in some))
            missing += [image_id for image_id, is_there in zip(some, there, strict=True) if not is_there]
        return missing

    async def _remove(self, findings: Findings) -> None:
        for blob_id in findings.blobs_without_row:
            await self.blobs.delete(blob_id)
            findings.removed.append(blob_id)
        findings.removed += await self.inventory.delete_unused(findings.rows_without_blob)


async def _batches(ids: AsyncIterator[UUID]) -> AsyncIterator[list[UUID]]:
    batch: list[UUID] = []
    async for blob_id in ids:
        batch.append(blob_id)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
