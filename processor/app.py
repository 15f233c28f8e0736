"""The Faust application: it uses only Faust's subscription, delivery and commits."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import faust
from yarl import URL

from common.kafka.clients import METADATA_SECONDS
from common.settings.model import Settings
from processor.pool import Lane
from processor.services import Services, open_services
from processor.stream.agent import handle
from processor.stream.dispatcher import Dispatcher
from processor.stream.faust_internals import NeverFullQueue, NoTables, PollingTransport, require_compiled_streams

SLOTS_PER_WORKER = 4
"""Started jobs per image process whose variants are not yet made: one being worked on, the others waiting."""
BEYOND_PER_WORKER = 8
"""Jobs that are being stored and reported: the smallest spend most of their time there, and share it."""
_BUFFERED_EVENTS = 1000
"""More than a second's worth of the smallest jobs: a Faust whose buffers are full looks again after a second.

They wait unacknowledged in partitions that are this process's anyway; a rebalance hands them on.
"""
_POLLED_EVENTS = 100
_THIRTY_DAYS_SECONDS = 30 * 86400
"""An idle standby would leave the group after the poll interval and never return; no interval, no leaving."""


class ProcessorApp(faust.App):
    """A Faust application that opens our services when it starts."""

    logger = logging.getLogger("faust.app")  # Faust logs its start and stop
    dispatchers: Mapping[Lane, Dispatcher]
    """One for each topic of requests: neither waits for the other's slots."""
    open_with: Callable[[Settings], AbstractAsyncContextManager[Mapping[Lane, Services]]] = staticmethod(open_services)

    def __init__(self, settings: Settings, **options: Any) -> None:
        self.settings = settings
        super().__init__(**options)

    async def on_start(self) -> None:
        """Open the services; they are closed when the application has stopped."""
        services = await self.add_async_context(self.open_with(self.settings))
        self.dispatchers = {lane: self._dispatcher(of_lane) for lane, of_lane in services.items()}

    def _dispatcher(self, services: Services) -> Dispatcher:
        workers = self.settings.server.max_workers
        return Dispatcher(
            lambda event, slot: handle(event, services, slot),
            slots=SLOTS_PER_WORKER * workers,
            beyond=BEYOND_PER_WORKER * workers,
        )

    def FlowControlQueue(  # noqa: N802 - Faust's name
        self, maxsize: int | None = None, *, clear_on_resume: bool = False
    ) -> NeverFullQueue:
        """Return a buffer that stops its own topic's fetches, and no other's, when it is long enough."""
        return NeverFullQueue(maxsize or 0, flow_control=self.flow_control, clear_on_resume=clear_on_resume)

    async def drain(self, *, grace_seconds: float) -> None:
        """Take no more events of any topic; see `Dispatcher.drain`."""
        await asyncio.gather(*(one.drain(grace_seconds=grace_seconds) for one in self.dispatchers.values()))


def build_app(settings: Settings) -> ProcessorApp:
    """Return the application; it connects to nothing before its start."""
    require_compiled_streams()
    kafka, job_seconds = settings.kafka, settings.limits.task_seconds
    brokers = [URL(f"kafka://{broker}") for broker in kafka.broker_list]
    app = ProcessorApp(
        settings,
        id=kafka.processor_group,
        broker=brokers,
        key_serializer="raw",
        value_serializer="raw",
        store="memory://",
        datadir=Path(gettempdir()) / "icecube-faust",
        web_enabled=False,
        web_host="127.0.0.1",  # unused, but the default comes from the host's name, which may be empty
        topic_allow_declare=False,
        topic_disable_leader=True,
        TableManager=NoTables,
        table_standby_replicas=0,
        processing_guarantee="at_least_once",
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=METADATA_SECONDS * 1000,
        stream_buffer_maxsize=_BUFFERED_EVENTS,
        broker_max_poll_records=_POLLED_EVENTS,
        broker_max_poll_interval=_THIRTY_DAYS_SECONDS,
        broker_session_timeout=kafka.session_timeout_seconds,
        broker_heartbeat_interval=kafka.session_timeout_seconds * 0.3,
        broker_rebalance_timeout=job_seconds + 15,
        broker_request_timeout=job_seconds + 30,
        broker_commit_interval=0.5,  # bounds the work that a rebalance repeats
        stream_wait_empty=True,
        stream_processing_timeout=2 * job_seconds,
        broker_commit_livelock_soft_timeout=2 * job_seconds,
        producer_acks=-1,
        producer_linger=0,
        producer_request_timeout=15,  # the default is twenty minutes
    )
    app.transport = PollingTransport(brokers, app, loop=app.loop, fetch_wait_ms=kafka.fetch_wait_ms)
    _add_agent(app, kafka.jobs_topic, Lane.INTERACTIVE)
    _add_agent(app, kafka.bulk_topic, Lane.BULK)
    return app


def _add_agent(app: ProcessorApp, topic_name: str, lane: Lane) -> None:
    topic = app.topic(topic_name, key_type=bytes, value_type=bytes)

    # One dispatcher, concurrent work: Faust's own concurrency commits past unfinished events (faust-streaming #606).
    @app.agent(topic, name=f"processor.{lane.name.lower()}", concurrency=1)
    async def jobs(stream: Any) -> None:
        await app.dispatchers[lane].consume(stream)
