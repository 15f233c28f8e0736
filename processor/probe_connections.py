"""Bounds what one client, or all of them, may take of the server of probes and metrics."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

CONNECTIONS = 64
"""More than machines that probe and scrape open at once. A newcomer beyond it takes the place of the oldest."""
CONNECTION_SECONDS = 10.0
"""How long a connection may last, from its start to the end of its only answer."""
_LINE_BYTES, _FIELD_BYTES, _FIELDS = 2048, 4096, 32
"""Beyond these aiohttp answers 400."""


class BoundedServer(web.Server):
    """Serves connections that are few, short and of one request each: probes need no more.

    aiohttp itself limits neither their number nor the time for a request's headers.
    """

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        seconds: float = CONNECTION_SECONDS,
    ) -> None:
        super().__init__(
            handler, access_log=None, max_line_size=_LINE_BYTES, max_field_size=_FIELD_BYTES, max_headers=_FIELDS
        )
        self._seconds = seconds
        self._open: OrderedDict[RequestHandler, tuple[asyncio.Transport, asyncio.TimerHandle]] = OrderedDict()

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Accept a connection for a limited time; end the oldest if there are too many."""
        super().connection_made(handler, transport)
        if len(self._open) >= CONNECTIONS:
            oldest = next(iter(self._open))
            self._forget(oldest).abort()
        timer = asyncio.get_running_loop().call_later(self._seconds, transport.abort)
        self._open[handler] = transport, timer

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forget a connection that has ended."""
        super().connection_lost(handler, exc)
        if handler in self._open:
            self._forget(handler)

    def _forget(self, handler: RequestHandler) -> asyncio.Transport:
        transport, timer = self._open.pop(handler)
        timer.cancel()
        return transport
