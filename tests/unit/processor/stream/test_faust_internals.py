"""The private names of Faust and aiokafka that we rely on."""

import asyncio
import inspect
from typing import Any, get_type_hints

import faust.worker
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.tables import TableManager
from faust.transport.consumer import ThreadDelegateConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer

from common.settings.groups import KafkaSettings
from common.settings.model import Settings
from processor.app import ProcessorApp, build_app
from processor.stream.faust_internals import (
    NeverFullQueue,
    NoTables,
    PollingConsumer,
    PollingTransport,
    group_coordinator,
    require_compiled_streams,
)
from processor.stream.watchdog import Watchdog
from processor.worker import ProcessorWorker


@pytest.fixture
async def app() -> ProcessorApp:
    """Return an application that is not started."""
    return build_app(Settings(kafka=KafkaSettings(brokers="127.0.0.1:1", fetch_wait_ms=77)))


async def test_a_full_buffer_of_one_topic_stops_no_other(app: ProcessorApp) -> None:
    """One loop fills all buffers: it must never wait for one. Its pressure stops its own partitions' fetches."""
    queue = app.topic("bulk").queue
    stopped: list[int] = []

    for _ in range(3000):
        queue.put_nowait_enhanced(
            "event", on_pressure_high=lambda: stopped.append(queue.qsize()), on_pressure_drop=lambda: None
        )

    assert isinstance(queue, NeverFullQueue)
    assert not queue.full()
    assert stopped
    assert stopped[0] == 800


def test_the_compiled_stream_iterator_is_there() -> None:
    """Without it events could be lost, and processors refuse to start."""
    require_compiled_streams()


async def test_the_fetch_wait_reaches_aiokafka(app: ProcessorApp) -> None:
    """A consumer made by our transport waits as configured, under the name that aiokafka reads."""
    thread = app.consumer._thread  # type: ignore[attr-defined] # noqa: SLF001 - names under test
    consumer = thread._create_worker_consumer(app.transport)  # noqa: SLF001 - names under test
    await consumer.stop()
    thread.thread_loop.close()

    assert isinstance(app.transport, PollingTransport)
    assert isinstance(consumer, AIOKafkaConsumer)
    assert consumer._fetch_max_wait_ms == 77  # noqa: SLF001 - names under test


async def test_aiokafka_takes_the_fetch_wait_under_the_name_we_set() -> None:
    """The constructor's argument lands in the attribute that we overwrite."""
    consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1", fetch_max_wait_ms=123)
    await consumer.stop()

    assert consumer._fetch_max_wait_ms == 123  # noqa: SLF001 - names under test
    assert hasattr(consumer, "_coordinator")


async def test_no_tables_are_waited_for(app: ProcessorApp) -> None:
    """Ours does what Faust's own does when it starts, but for the second's sleep."""
    source = inspect.getsource(TableManager.on_start)

    assert isinstance(app.tables, NoTables)
    assert [line.strip() for line in source.splitlines() if "await" in line] == [
        "await self.sleep(1.0)",
        "await self._update_channels()",
        "await self.recovery.start()",
    ]


async def test_a_stop_commits_what_a_commit_under_way_has_not(app: ProcessorApp) -> None:
    """What was acknowledged since a commit set out is committed before the consumer ends."""
    consumer = SlowToCommit(app)
    under_way = asyncio.create_task(consumer.commit())
    await asyncio.sleep(0)
    stopping = asyncio.create_task(consumer.on_stop())
    await asyncio.sleep(0)

    consumer.may_commit.set()
    await asyncio.gather(under_way, stopping)
    consumer._thread.thread_loop.close()  # noqa: SLF001 - it is not started, and so not stopped

    assert consumer.commits == 2


class SlowToCommit(PollingConsumer):
    """A consumer that counts its commits, and ends none before it may."""

    def __init__(self, app: ProcessorApp) -> None:
        callbacks = ("callback", "on_partitions_revoked", "on_partitions_assigned")
        super().__init__(app.transport, **dict.fromkeys(callbacks, app.topics.on_message))
        self.may_commit = asyncio.Event()
        self.commits = 0

    async def force_commit(self, *_: Any, **__: Any) -> bool:
        """Commit nothing."""
        self.commits += 1
        await self.may_commit.wait()
        return True


def test_faust_keeps_its_consumer_where_we_look() -> None:
    """app._consumer._thread._consumer._coordinator is the way to the coordinator."""
    assert "_consumer" in vars(faust.App)
    assert "_thread" in get_annotations(ThreadDelegateConsumer) | get_annotations(Consumer)
    assert hasattr(AIOKafkaConsumerThread, "_consumer")
    assert asyncio.iscoroutinefunction(AIOKafkaConsumerThread.call_thread)


def test_the_coordinator_has_the_names_we_read() -> None:
    """The coordination task and the pending error are set in the constructor."""
    names = GroupCoordinator.__init__.__code__.co_names

    assert {"_coordination_task", "_pending_exception"} <= set(names)
    assert callable(GroupCoordinator.check_errors)


async def test_no_consumer_means_no_coordinator(app: ProcessorApp) -> None:
    """Before the start there is nothing to look at, and nothing is wrong."""
    assert group_coordinator(app) is None
    assert await Watchdog(app, longest_rebalance_seconds=1).find_failure() is None


def test_the_worker_stops_where_we_hook_in() -> None:
    """Faust's worker stops on a signal through the method that drains."""
    assert asyncio.iscoroutinefunction(faust.worker.Worker._stop_on_signal)  # noqa: SLF001 - name under test
    assert ProcessorWorker._stop_on_signal is not faust.worker.Worker._stop_on_signal  # noqa: SLF001 - name under test


def get_annotations(kind: type) -> dict[str, Any]:
    """Return the names that *kind* declares."""
    try:
        return get_type_hints(kind)
    except NameError:  # a forward reference to a name imported for typing only
        return dict(kind.__annotations__)
