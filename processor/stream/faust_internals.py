"""All uses of private names of Faust and aiokafka; a test fails when one of them is renamed."""

import logging
from typing import Any, ClassVar

import faust
from faust import streams
from faust.tables import TableManager
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP
from mode.utils.queues import ThrowableQueue

_FAUST_LOGGER = logging.getLogger("faust.transport")  # Faust logs their start and stop


class _PollingConsumerThread(AIOKafkaConsumerThread):
    """A consumer thread whose fetches wait as long as configured; Faust hard-codes 1.5 s."""

    logger = _FAUST_LOGGER

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # The embedded broker does not wake a waiting fetch for a new event: the wait is the latency.
        consumer._fetch_max_wait_ms = transport.fetch_wait_ms  # noqa: SLF001 - this module's purpose
        return consumer


class PollingConsumer(Consumer):
    """Faust's consumer, with last commits that include everything acknowledged."""

    logger = _FAUST_LOGGER

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Commit everything acknowledged: Faust drops what came since its last commit, and it would be done again.

        A commit under way does not have the newest either, so it is waited for, not joined.
        """
        await self.maybe_wait_for_commit_to_finish()
        await self.commit()
        await super().on_partitions_revoked(revoked)

    async def on_stop(self) -> None:
        """Commit everything acknowledged: Faust would rely on a running commit, which lacks the newest."""
        await self.maybe_wait_for_commit_to_finish()
        await super().on_stop()

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _PollingConsumerThread(self, loop=self.loop, beacon=self.beacon)


class PollingTransport(Transport):
    """Faust's Kafka transport with a configurable fetch wait."""

    Consumer: ClassVar[type[Consumer]] = PollingConsumer

    def __init__(self, *args: Any, fetch_wait_ms: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fetch_wait_ms = fetch_wait_ms


class NeverFullQueue(ThrowableQueue[Any]):
    """A buffer of a topic's events that is never full: the one loop that fills all buffers would wait for it.

    Its pressure still stops the fetches of each partition, so that it grows by one more fetch of each at most.
    """

    def full(self) -> bool:
        """Say no."""
        return False


class NoTables(TableManager):
    """A table manager that waits for no tables: Faust waits a second for declarations, and we have none."""

    logger = _FAUST_LOGGER

    async def on_start(self) -> None:
        """Report at once that all tables are ready, so that the consumer subscribes."""
        await self._update_channels()
        await self.recovery.start()


def require_compiled_streams() -> None:
    """Raise `RuntimeError` without Faust's compiled stream iterator: the pure one commits events it skips."""
    if streams._CStreamIterator is None:  # type: ignore[attr-defined] # noqa: SLF001 - this module's purpose
        message = "Faust's compiled extension is missing; without it events can be lost. Install its binary wheel."
        raise RuntimeError(message)


def group_coordinator(app: faust.App) -> Any | None:
    """Return aiokafka's group coordinator; None while the consumer is not running."""
    consumer_service = app._consumer  # noqa: SLF001 - `app.consumer` would create one
    thread = getattr(consumer_service, "_thread", None)
    consumer = getattr(thread, "_consumer", None)
    return getattr(consumer, "_coordinator", None)


def coordination_has_ended(coordinator: Any) -> bool:
    """Say whether the task that keeps the group membership has ended: nothing restarts it."""
    return bool(coordinator._coordination_task.done())  # noqa: SLF001 - this module's purpose


async def raise_pending_error(app: faust.App, coordinator: Any) -> None:
    """Raise the error that blocks the coordinator, if any. aiokafka waits until somebody asks; Faust never does."""
    if coordinator._pending_exception is not None:  # noqa: SLF001 - this module's purpose
        await app.consumer._thread.call_thread(_check, coordinator)  # type: ignore[attr-defined] # noqa: SLF001


async def _check(coordinator: Any) -> None:
    coordinator.check_errors()
