"""Forbids caching by default: of errors, jobs, descriptions, and the answers of new routes."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class NoStoreMiddleware:
    """Adds `Cache-Control: no-store` to each answer without a caching header.

    Without it a cache may keep a 404, and answer the owner with what a stranger got.
    """

    def __init__(self, app: ASGIApp, *, varies_by_origin: bool) -> None:
        self._app = app
        self._varies_by_origin = varies_by_origin
        """Where CORS is on: an answer without its headers must not be kept for a page that needs them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                if self._varies_by_origin and "Origin" not in headers.get("Vary", ""):
                    headers.add_vary_header("Origin")
            await send(message)

        await self._app(scope, receive, send_with_headers)
