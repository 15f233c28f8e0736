"""Serves a processor's `/livez`, `/readyz` and `/metrics`, on a port of their own."""

import logging
import socket
from collections.abc import Callable
from typing import Any

import faust
import structlog
from aiohttp import web
from mode import Service
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from common import metrics
from common.listening import address_in_words, listen
from processor.probe_connections import BoundedServer

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
        self._answers: dict[str, Callable[[], web.Response]] = {
            "/livez": self._livez,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
        }
        self._runner: web.ServerRunner | None = None

    async def on_start(self) -> None:
        """Start answering."""
        self._runner = web.ServerRunner(BoundedServer(self._answer))
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()
        log.info("metrics served", port=self._listener.getsockname()[1])

    async def on_stop(self) -> None:
        """Stop answering."""
        if self._runner:
            await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        response = self._answer_at(request.path) if request.method in {"GET", "HEAD"} else web.Response(status=405)
        response.force_close()
        return response

    def _answer_at(self, path: str) -> web.Response:
        answer = self._answers.get(path)
        return answer() if answer else web.Response(status=404)

    @staticmethod
    def _livez() -> web.Response:
        return web.json_response({"status": "alive"})

    def _readyz(self) -> web.Response:
        ready = self._membership.is_ready
        return web.json_response({"status": "ready" if ready else "not ready"}, status=200 if ready else 503)

    @staticmethod
    def _metrics() -> web.Response:
        return web.Response(body=generate_latest(metrics.PROCESSOR), headers=_CONTENT_TYPE)


def listening(host: str, port: int) -> socket.socket:
    """Return a bound socket; raise `OSError` that names the setting if the address is not available."""
    try:
        return listen(host, port)
    except OSError as exc:
        setting = "server.metricsPort, ICECUBE_SERVER_METRICS_PORT"
        message = f"cannot serve metrics on {address_in_words(host, port)} ({setting}): {exc.strerror}"
        raise OSError(exc.errno, message) from exc
