"""The cleanings on PostgreSQL: rows that survive every crash until their last step is done."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from ingest_api.domain.cleaning import Cleaned, Cleaning, Phase
from ingest_api.job_store.connecting import Pool, connection_of
from ingest_api.job_store.statements import statement


class PostgresCleanings:
    """Every method raises `JobStoreUnavailableError` when the database is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def claim(self, limit: int, *, lease: timedelta) -> list[Cleaning]:
        """Return due cleanings; for *lease*, or until they have moved on, no other caller gets them.

        Those of a later release are left to it.
        """
        known = ([*Cleaned], [*Phase])
        async with connection_of(self._pool) as connection:
            rows = await connection.fetch(statement("claim_cleanings"), limit, lease, *known)
        return [Cleaning(Cleaned(row["what"]), row["id"], Phase(row["phase"])) for row in rows]

    async def advance(self, cleaning: Cleaning, phase: Phase, *, after: timedelta = timedelta()) -> None:
        """Note that the step of *cleaning* is done, and that *phase* is due *after* some time."""
        async with connection_of(self._pool) as connection:
            arguments = (cleaning.what, cleaning.id, cleaning.phase, phase, after)
            await connection.execute(statement("advance_cleaning"), *arguments)

    async def forget(self, cleaning: Cleaning) -> None:
        """Note that the last step of *cleaning* is done."""
        async with connection_of(self._pool) as connection:
            await connection.execute(statement("delete_cleaning"), cleaning.what, cleaning.id, cleaning.phase)

    async def hand_over(self, cleaning: Cleaning, *, deliverable: timedelta, again_after: timedelta) -> None:
        """Replace the *cleaning* of a deleted variant by its job's, if the job ended within *deliverable*.

        An unfinished job cannot be cleaned: then the cleaning is due *again_after* some time.
        """
        async with connection_of(self._pool) as connection:
            await connection.execute(statement("hand_over_cleaning"), cleaning.id, deliverable, again_after)

    async def blobs_to_sweep(self, cleaning: Cleaning) -> Sequence[UUID]:
        """Return the ids of a job's variants, or of an image and what is made from it, that no image has."""
        of = "variants_without_row" if cleaning.what is Cleaned.JOB else "blobs_of_deleted"
        async with connection_of(self._pool) as connection:
            rows = await connection.fetch(statement(of), cleaning.id)
        return [row["id"] for row in rows]
