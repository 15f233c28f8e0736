"""Runs the API as a process."""

import os
import signal
import socket
import sys

import structlog
import uvicorn

from common.settings.model import Settings
from common.telemetry.exporting import exported_spans
from ingest_api.app import create_app
from ingest_api.delivery.job_metrics import begin_at_zero

log = structlog.get_logger(__name__)

_KEEP_ALIVE_SECONDS = 75
"""Longer than the 60 s after which common load balancers drop an idle connection, so that they never race with us."""


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT, finish the requests in hand, and return the exit status."""
    begin_at_zero(settings.kafka)
    # uvicorn raises the signal that stopped it once more when all is done; then it means: leave.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sys.exit(0))
    with (
        exported_spans("icecube-api", os.environ),
        _listening(settings.server.host, settings.server.port) as listener,
    ):
        server = uvicorn.Server(config_of(settings))
        server.run(sockets=[listener])
    return 0 if server.started else 1


def config_of(settings: Settings) -> uvicorn.Config:
    """Return how the API is served."""
    return uvicorn.Config(
        create_app(settings),
        host=settings.server.host,
        port=settings.server.port,
        log_config=None,
        access_log=False,
        server_header=False,
        # Else a request sent ahead, before the one on its connection is answered, would begin with that one's trace.
        reset_contextvars=True,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.server.drain_seconds),
    )


def _listening(host: str, port: int) -> socket.socket:
    """Return a bound socket; raise `OSError` naming the address when it is taken."""
    try:
        listener = socket.create_server((host, port), backlog=2048)
    except OSError as exc:
        message = f"cannot listen on {host}:{port} (server.port, ICECUBE_SERVER_PORT): {exc.strerror}"
        raise OSError(exc.errno, message) from exc
    log.info("listening", host=host, port=listener.getsockname()[1])
    return listener
