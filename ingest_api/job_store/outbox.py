"""The outbox on PostgreSQL: rows claimed, sent by the relay, and forgotten in one transaction."""

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
        """Note that Kafka has acknowledged a message, and where a job's request now stands."""
        self._sent.append(position)
        if publication:
            self._publications.append(publication)

    async def write(self, connection: Connection) -> None:
        """Forget what was sent and remember where it stands."""
        if self._sent:
            columns = publication_columns(self._publications)
            await connection.execute(statement("settle_messages"), self._sent, *columns)


class PostgresOutbox:
    """See `Outbox`. Relays do not share messages, and may work side by side.

    Nothing orders the messages of a job beyond their due times, and nothing needs to: a job's next request
    is written after the answer to the one before, and it has one notification.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def claim(self, limit: int, *, without: Collection[str] = ()) -> AsyncIterator[PostgresClaimedMessages]:
        """Hold due messages; when the block ends well those marked as sent are forgotten, the others released."""
        async with connection_of(self._pool) as connection, connection.transaction():
            rows = await connection.fetch(statement("claim_messages"), limit, list(without))
            claimed = PostgresClaimedMessages({row["id"]: message_from(row) for row in rows})
            yield claimed
            await claimed.write(connection)
