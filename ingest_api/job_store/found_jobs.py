"""Reads jobs with their variants."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from common.events import FinishedVariant
from ingest_api.job_store import JobRecord, UnreadableJobError
from ingest_api.job_store.connecting import Connection
from ingest_api.job_store.rows import readable_or_not, variant_from
from ingest_api.job_store.statements import statement


async def fetch_jobs(
    connection: Connection, job_ids: Sequence[UUID], *, lock: bool = False
) -> dict[UUID, JobRecord | UnreadableJobError]:
    """Return the jobs by their ids; one that cannot be read affects no other.

    Variants are read by a statement of their own: after a wait for a lock, PostgreSQL reads the locked row again, but
    other tables as they were before.
    """
    rows = await connection.fetch(statement("find_jobs") + (statement("lock_jobs") if lock else ""), job_ids)
    found = readable_or_not(rows)
    with_variants = [job_id for job_id, record in found.items() if isinstance(record, JobRecord) and _has_some(record)]
    if not with_variants:
        return found
    variants: defaultdict[UUID, list[FinishedVariant]] = defaultdict(list)
    for row in await connection.fetch(statement("find_variants"), with_variants):
        variants[row["job_id"]].append(variant_from(row))
    return found | {
        job_id: replace(record, variants=tuple(variants[job_id]))
        for job_id, record in found.items()
        if isinstance(record, JobRecord) and job_id in variants
    }


def _has_some(record: JobRecord) -> bool:
    ends = [record.job.end_of(task.id) for task in record.tasks]
    return any(end is not None and end.is_made for end in ends)
