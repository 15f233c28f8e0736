"""Serves a processor's `/livez`, `/readyz` and `/metrics`, on a port of their own."""

import logging
import socket
from typing import Any

import faust
import structlog
from aiohttp import web
from mode import Service
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from common import metrics

log = structlog.get_logger(__name__)

_CONTENT_TYPE = {"Content-Type": CONTENT_TYPE_LATEST}


class Membership:
    """A processor's membership in the group. A member is ready, even without partitions."""

    def __init__(self, app: faust.App) -> None:
        self.is_ready = False
        app.on_partitions_assigned.connect(self._assigned)
        app.on_partitions_revoked.connect(self._revoked)

    async def _assigned(self, *sent: Any, **_: Any) -> None:
        _, assigned = sent
        self.is_ready = True
        metrics.PARTITIONS_ASSIGNED.set(len(assigned))

    async def _revoked(self, *_: Any, **__: Any) -> None:
        self.is_ready = False
        metrics.PARTITIONS_ASSIGNED.set(0)


class ProbeServer(Service):
    """Serves from the event loop that does the work: an answer proves that it runs."""

    logger = logging.getLogger("faust.probes")  # Faust logs its start and stop

    def __init__(self, membership: Membership, listener: socket.socket) -> None:
        super().__init__()
        self._membership = membership
        self._listener = listener
        self._runner = web.AppRunner(self._application(), access_log=None)

    async def on_start(self) -> None:
        """Start answering."""
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()
        log.info("metrics served", port=self._listener.getsockname()[1])

    async def on_stop(self) -> None:
        """Stop answering."""
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application()
        application.add_routes(
            [web.get("/livez", self._livez), web.get("/readyz", self._readyz), web.get("/metrics", self._metrics)]
        )
        return application

    async def _livez(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _readyz(self, _: web.Request) -> web.Response:
        ready = self._membership.is_ready
        return web.json_response({"status": "ready" if ready else "not ready"}, status=200 if ready else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics.PROCESSOR), headers=_CONTENT_TYPE)


def listening(host: str, port: int) -> socket.socket:
    """Return a bound socket; raise `OSError` that names the setting if the address is not available."""
    try:
        return socket.create_server((host, port))
    except OSError as exc:
        setting = "server.metricsPort, ICECUBE_SERVER_METRICS_PORT"
        message = f"cannot serve metrics on {host}:{port} ({setting}): {exc.strerror}"
        raise OSError(exc.errno, message) from exc
