"""The outbox on PostgreSQL: the relay claims rows, sends them and deletes them in one transaction."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from ingest_api.job_store import OutboxMessage, Publication
from ingest_api.job_store.connecting import Connection, Pool, connection_of
from ingest_api.job_store.rows import message_from, publication_columns
from ingest_api.job_store.statements import statement


class PostgresClaimedMessages:
    """See `ClaimedMessages`."""

    def __init__(self, messages: dict[int, OutboxMessage]) -> None:
        self.messages = messages
        self._sent: list[int] = []
        self._publications: list[Publication] = []

    def mark_sent(self, position: int, publication: Publication | None) -> None:
        """Note that Kafka has acknowledged a message, and the place of a job's request."""
        self._sent.append(position)
        if publication:
            self._publications.append(publication)

    async def write(self, connection: Connection) -> None:
        """Delete the sent messages and remember the places of requests."""
        if self._sent:
            columns = publication_columns(self._publications)
            await connection.execute(statement("settle_messages"), self._sent, *columns)


class PostgresOutbox:
    """See `Outbox`. Relays may run side by side; no two hold the same message.

    Nothing orders the messages of a job beyond their due times, and nothing needs to: a job's next request
    is written after the answer to the one before, and it has one notification.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def claim(self, limit: int, *, without: Collection[str] = ()) -> AsyncIterator[PostgresClaimedMessages]:
        """Hold due messages; if the block succeeds, those marked as sent are deleted, the others released."""
        async with connection_of(self._pool) as connection, connection.transaction():
            rows = await connection.fetch(statement("claim_messages"), limit, list(without))
            claimed = PostgresClaimedMessages({row["id"]: message_from(row) for row in rows})
            yield claimed
            await claimed.write(connection)
