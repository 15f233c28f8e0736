"""Takes idempotency keys in the transactions that make what they stand for."""

from uuid import UUID

from ingest_api.domain.idempotency import IdempotencyKey
from ingest_api.job_store import KeyTakenError
from ingest_api.job_store.connecting import Connection
from ingest_api.job_store.statements import statement


async def take_key(connection: Connection, key: IdempotencyKey | None, ids: list[UUID]) -> None:
    """Take *key* for what is made under *ids*; raise `KeyTakenError`. Waits for a transaction that is taking it."""
    if key is None:
        return
    columns = (key.operation, key.key, key.first_fingerprint, key.fingerprint, ids)
    taken = await connection.fetchval(statement("insert_key"), *columns)
    if taken is None:
        raise KeyTakenError
