"""Runs a processor as a process."""

import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import Any

import faust.worker
import mode.loop
import structlog
from mode import Service

from common.settings.model import Settings
from common.telemetry.exporting import exported_spans
from processor.app import ProcessorApp, build_app
from processor.jobs.measurements import begin_at_zero
from processor.probes import Membership, ProbeServer, listening
from processor.stream.watchdog import Watchdog

log = structlog.get_logger(__name__)

READY_FILE = "ICECUBE_READY_FILE"
"""Names a file to touch once the processor has its partitions; its supervisor waits for it."""
_REBALANCE_SLACK_SECONDS = 60


class ProcessorWorker(faust.worker.Worker):
    """A Faust worker that finishes its running jobs before it stops."""

    app: ProcessorApp

    def __init__(self, app: ProcessorApp, *services: Any) -> None:
        super().__init__(
            app,
            *services,
            override_logging=False,
            redirect_stdouts=False,
            quiet=True,
            loglevel=logging.getLevelName(logging.root.level),
        )
        self.spinner = None  # a spinner on a server's terminal helps nobody

    async def _stop_on_signal(self, signal: signal.Signals) -> None:
        # While draining, the consumer keeps running: it sends heartbeats and commits finished events.
        if hasattr(self.app, "dispatchers"):
            await self.app.drain(grace_seconds=self.app.settings.server.drain_seconds)
        await super()._stop_on_signal(signal)


def run(settings: Settings) -> int:
    """Process jobs until SIGTERM or SIGINT, and return the exit status.

    Raises `OSError` with the address if the port of the probes and metrics is in use.
    """
    mode.loop.use("uvloop")  # asyncio's own takes a tenth more of the smallest job's CPU
    begin_at_zero(settings.kafka)
    app = build_app(settings)
    if path := os.environ.get(READY_FILE):
        _announce_readiness(app, Path(path))
    longest = settings.limits.task_seconds + _REBALANCE_SLACK_SECONDS
    services: list[Service] = [Watchdog(app, longest_rebalance_seconds=longest)]
    if settings.server.metrics_port:
        listener = listening(settings.server.host, settings.server.metrics_port)
        services.append(ProbeServer(Membership(app), listener))
    worker = ProcessorWorker(app, *services)
    try:
        with exported_spans("icecube-processor", os.environ):
            worker.execute_from_commandline()
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else 1


def _announce_readiness(app: ProcessorApp, path: Path) -> None:
    @app.on_partitions_assigned.connect(weak=False)
    async def _touch(_: Any, assigned: Any, **__: Any) -> None:
        log.info("partitions assigned", partitions=len(assigned))
        await asyncio.to_thread(path.touch)
