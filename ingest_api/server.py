"""Runs the API as a process."""

import os
import signal
import socket
import sys
from functools import partial
from typing import Any, cast

import structlog
import uvicorn

from common.listening import address_in_words, listen
from common.settings.model import Settings
from common.telemetry.exporting import exported_spans
from ingest_api.app import create_app
from ingest_api.life_cycle.job_metrics import begin_at_zero
from ingest_api.services import Services
from ingest_api.web.protocol.bounded_http import BoundedHttpProtocol
from ingest_api.web.protocol.connections import Connections
from ingest_api.web.protocol.open_files import connections_within, open_files_limit, raise_open_files_limit

log = structlog.get_logger(__name__)

_KEEP_ALIVE_SECONDS = 75
"""Longer than the 60 s after which common load balancers drop idle connections, so that they close them first."""


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT, finish running requests, and return the exit status."""
    raise_open_files_limit()
    begin_at_zero(settings.kafka)
    # uvicorn raises the signal that stopped it again at the end: exit then.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sys.exit(0))
    with (
        exported_spans("icecube-api", os.environ),
        _listening(settings.server.host, settings.server.port) as listener,
    ):
        server = ApiServer(config_of(settings))
        server.run(sockets=[listener])
    return 0 if server.started else 1


class ApiServer(uvicorn.Server):
    """A server whose waiting requests are answered as soon as it stops; it waits for all requests."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting requests, finish the running ones, and close the services."""
        services: Services | None = self.lifespan.state.get("services")
        if services:
            services.job_waits.close()
        await super().shutdown(sockets)


def config_of(settings: Settings) -> uvicorn.Config:
    """Return uvicorn's configuration."""
    return uvicorn.Config(
        create_app(settings),
        host=settings.server.host,
        port=settings.server.port,
        http=cast("Any", _protocol(settings)),  # typed as a class; uvicorn only calls it
        ws="none",  # we serve no WebSocket, and its handshake would have no bounds
        log_config=None,
        access_log=False,
        server_header=False,
        # Otherwise a pipelined request would start with the trace of the one before it.
        reset_contextvars=True,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.server.drain_seconds),
    )


def _protocol(settings: Settings) -> partial[BoundedHttpProtocol]:
    """Return the factory of connections' protocols; it shares the list of the server's connections with them."""
    limits = settings.limits
    connections = Connections(connections_within(limits.connections, open_files=open_files_limit()))
    return partial(BoundedHttpProtocol, limits=limits, connections=connections)


def _listening(host: str, port: int) -> socket.socket:
    """Return a bound socket; raise `OSError` with the address if it is taken."""
    try:
        listener = listen(host, port, backlog=2048)
    except OSError as exc:
        message = f"cannot listen on {address_in_words(host, port)} (server.port, ICECUBE_SERVER_PORT): {exc.strerror}"
        raise OSError(exc.errno, message) from exc
    log.info("listening", host=host, port=listener.getsockname()[1])
    return listener
